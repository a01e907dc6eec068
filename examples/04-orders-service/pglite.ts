import { PGlite } from '@electric-sql/pglite';
import type { Database, Queries } from './database.ts';

/** PostgreSQL in WebAssembly, inside this process. It has one connection: transactions wait for each other. */
export async function openPglite(directory: string | undefined): Promise<Database> {
  const pglite = await PGlite.create(directory);
  return {
    ...queriesOf(pglite),
    transaction: (work) => pglite.transaction((transaction) => work(queriesOf(transaction))),
    close: () => pglite.close(),
  };
}

function queriesOf(client: Pick<PGlite, 'query'>): Queries {
  return { query: async <Row>(text: string, values?: unknown[]) => (await client.query<Row>(text, values)).rows };
}
