import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { transaction } from '../../recipes/postgres.ts';
import { rabbitPublisher } from '../../recipes/rabbitmq.ts';

const BATCH = 50;

/** How long it rests where there is nothing to publish, in milliseconds. */
const REST = 50;

/**
 * Publishes what is in the outbox, batch by batch. A message is taken out of the outbox when the broker has confirmed it: so
 * it is published at least once, twice where the process is killed in between.
 */
export const outboxPlugin = fp(
  async (app: FastifyInstance, { queue }: { readonly queue: string }): Promise<void> => {
    const { drain, log, pool, rabbit } = app;
    const publisher = rabbitPublisher(rabbit);
    drain.component(publisher);

    // SKIP LOCKED: two instances, as in a rolling restart, never take the same message.
    const publishBatch = (): Promise<number> =>
      transaction(pool(), async (client) => {
        const take = 'SELECT order_id FROM outbox ORDER BY order_id LIMIT $1 FOR UPDATE SKIP LOCKED';
        const { rows } = await client.query<{ order_id: string }>(take, [BATCH]);
        const ids = rows.map(({ order_id }) => order_id);
        const channel = publisher.channel();
        for (const id of ids) channel.sendToQueue(queue, Buffer.from(id), { persistent: true });
        await channel.waitForConfirms();
        await client.query('DELETE FROM outbox WHERE order_id = ANY($1)', [ids]);
        return ids.length;
      });

    const run = async (): Promise<void> => {
      while (!drain.signal.aborted) {
        const published = await publishBatch().catch((error: unknown) => {
          log.error({ err: error }, 'outbox not published; trying again');
          return 0;
        });
        if (published < BATCH) await drain.sleep(REST);
      }
    };

    let running = Promise.resolve();
    drain.component({
      name: 'outbox',
      dependsOn: ['tables', 'rabbitmq publisher'],
      start: () => void (running = run()),
      quiesce: () => running,
      // Requests have written to it since. What is left here, should this fail, is for the next start.
      close: async () => {
        while ((await publishBatch()) === BATCH);
      },
    });
  },
  { name: 'outbox', dependencies: ['@drainkit/fastify', 'database', 'rabbit'] },
);
