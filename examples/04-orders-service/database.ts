/** What this service asks of a database. node-postgres and PGlite both give it. */
export interface Database extends Queries {
  /** Runs `work` in one transaction: committed when it fulfils, rolled back when it rejects. */
  transaction<Value>(work: (queries: Queries) => Promise<Value>): Promise<Value>;
  /** Waits for the queries that are running, then closes every connection. */
  close(): Promise<void>;
}

export interface Queries {
  readonly query: <Row>(text: string, values?: unknown[]) => Promise<Row[]>;
}

export interface DatabaseOptions {
  /** Where PostgreSQL is; PGlite inside the process if `undefined`. */
  readonly databaseUrl?: string | undefined;
  /** Where PGlite keeps its files; in memory if `undefined`. */
  readonly directory?: string | undefined;
}

export async function openDatabase({ databaseUrl, directory }: DatabaseOptions): Promise<Database> {
  // Only the one that is used is loaded: PGlite is a whole PostgreSQL.
  if (databaseUrl !== undefined) {
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres(databaseUrl);
  }
  const { openPglite } = await import('./pglite.ts');
  return openPglite(directory);
}
