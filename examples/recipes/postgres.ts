import type { ComponentOptions } from '@drainkit/core';
import type { Pool, PoolClient } from 'pg';
import { unlessAborted } from './unless-aborted.ts';

/**
 * A pool of PostgreSQL connections. Register it before whatever queries it: it closes after that. Give the pool a
 * `connectionTimeoutMillis`, so that a start without a database fails instead of waiting.
 */
export function postgres(pool: Pool): ComponentOptions {
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  return {
    name: 'postgres',
    start: ({ signal }) => unlessAborted(pool.query('SELECT 1'), signal),
    // Waits for the clients that are checked out. Whoever waits for one by then waits for ever: so it has to come last.
    close: () => pool.end(),
  };
}

/** Runs `work` in a transaction: committed when it fulfils, rolled back when it rejects. */
export async function transaction<Value>(pool: Pool, work: (client: PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('BEGIN');
    try {
      const value = await work(client);
      await client.query('COMMIT');
      broken = false;
      return value;
    } catch (error) {
      await client.query('ROLLBACK');
      broken = false;
      throw error;
    }
  } finally {
    // A connection on which not even a rollback worked is thrown away. Every path releases: else the pool never ends.
    client.release(broken);
  }
}
