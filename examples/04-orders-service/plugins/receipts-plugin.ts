import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Database } from '../database.ts';

/** How long the job rests where there is nothing to send, in milliseconds. */
const REST = 100;

const BATCH = 10;

/**
 * The background job: sends the receipts that are due, batch by batch. When the drain begins it takes on no other batch;
 * the one in hand is tracked, and waited for as a request is. What is not sent by then is in the table, for the next start.
 */
export const receiptsPlugin = fp(
  async (app: FastifyInstance): Promise<void> => {
    const { database, drain, log } = app;

    const run = async (): Promise<void> => {
      while (!drain.signal.aborted) {
        const sent = await drain
          .track(() => sendBatch(database), 'a batch of receipts')
          .catch((error: unknown) => {
            log.error({ err: error }, 'receipts not sent; trying again');
            return 0;
          });
        if (sent === 0) await sleep(REST, undefined, { signal: drain.signal }).catch(() => {});
      }
    };

    let running = Promise.resolve();
    app.addHook('onReady', async () => {
      running = run();
    });
    drain.resource('receipts', () => running);
  },
  { name: 'receipts', dependencies: ['@drainkit/fastify', 'database'] },
);

/** Sends some of the receipts that are due. SKIP LOCKED: two instances, as in a rolling restart, never take the same one. */
function sendBatch(database: Database): Promise<number> {
  return database.transaction(async ({ query }) => {
    const due = await query<{ order_id: string }>(
      'SELECT order_id FROM receipts WHERE sent = 0 ORDER BY order_id LIMIT $1 FOR UPDATE SKIP LOCKED',
      [BATCH],
    );
    // A real one would hand the letters to a mail server here.
    for (const { order_id } of due) await query('UPDATE receipts SET sent = sent + 1 WHERE order_id = $1', [order_id]);
    return due.length;
  });
}
