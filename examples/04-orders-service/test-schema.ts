import pg from 'pg';

/** A schema of its own in the test database, so that nothing else in there is touched. */
export interface TestSchema {
  /** Where connections find it. */
  readonly url: string;
  /** Ends every connection that was made through `url`, as a failover does. */
  readonly terminate: () => Promise<void>;
  readonly drop: () => Promise<void>;
}

/**
 * Makes a schema in the database DATABASE_URL, or else in the local one that is called test.
 *
 * @returns `undefined` where no server answers.
 * @throws where none answers and DRAINKIT_REQUIRE_SERVICES is 1.
 */
export async function testSchema(): Promise<TestSchema | undefined> {
  const url = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test';
  const name = `drainkit_orders_${process.pid}_${Date.now()}`;
  const run = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  try {
    await run(`CREATE SCHEMA ${name}`);
  } catch (error) {
    if (process.env['DRAINKIT_REQUIRE_SERVICES'] === '1') throw error;
    return undefined;
  }
  const withSchema = new URL(url);
  withSchema.searchParams.set('options', `-c search_path=${name}`);
  withSchema.searchParams.set('application_name', name);
  return {
    url: withSchema.href,
    terminate: () => run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`),
    drop: () => run(`DROP SCHEMA ${name} CASCADE`),
  };
}
