import pg from 'pg';
import { transaction } from '../recipes/postgres.ts';
import type { Database, Queries } from './database.ts';

/** PostgreSQL, through a pool of connections. */
export function openPostgres(connectionString: string): Database {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  return {
    ...queriesOf(pool),
    transaction: (work) => transaction(pool, (client) => work(queriesOf(client))),
    close: () => pool.end(),
  };
}

function queriesOf(client: pg.Pool | pg.PoolClient): Queries {
  return {
    query: async <Row>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as Row[],
  };
}
