import type { ComponentOptions } from '@drainkit/core';
import type { Pool, PoolClient } from 'pg';
import { unlessAborted } from './unless-aborted.ts';

export interface Postgres extends ComponentOptions {
  /** The pool. Ask each time: after a start that failed, it is another. */
  readonly pool: () => Pool;
}

/**
 * A pool of PostgreSQL connections. Register it before whatever queries it: it closes after that.
 *
 * @param create - makes it, with a `connectionTimeoutMillis`, so that a start without a database fails instead of waiting;
 *   makes another where it is started again.
 */
export function postgres(create: () => Pool): Postgres {
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  const open = (): Pool => create().on('error', () => {});
  let pool = open();
  return {
    name: 'postgres',
    pool: () => pool,
    start: ({ signal }) => {
      if (pool.ending) pool = open();
      return unlessAborted(pool.query('SELECT 1'), signal);
    },
    // Waits for the clients that are checked out. Whoever waits for one by then waits for ever: so it has to come last.
    close: () => pool.end(),
  };
}

/**
 * Runs `work` in a transaction: committed when it fulfils, rolled back when it rejects. It rejects with what failed, not with a
 * rollback that fails after that; where the connection had broken, that is the `cause`.
 */
export async function transaction<Value>(pool: Pool, work: (client: PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => void (broken ??= error);
  // While a client is checked out, the pool does not listen: a connection that breaks would end the process.
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const value = await work(client);
    await client.query('COMMIT');
    return value;
  } catch (error) {
    if (broken !== undefined && error instanceof Error) error.cause ??= broken;
    await client.query('ROLLBACK').catch(onError);
    throw error;
  } finally {
    client.off('error', onError);
    // With an error, the connection is thrown away. Every path releases: else the pool never ends.
    client.release(broken);
  }
}
