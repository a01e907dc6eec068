import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { rabbitConsumer } from '../../recipes/rabbitmq.ts';

/** How long it takes to ship an order, in milliseconds. */
const SHIPPING = 10;

/** Ships what is ordered. A message can come twice, as in any queue: the second time changes nothing but a count. */
export const shippingPlugin = fp(
  async (app: FastifyInstance, { queue }: { readonly queue: string }): Promise<void> => {
    const { drain, pool, rabbit } = app;
    const consumer = rabbitConsumer({
      connection: rabbit,
      queue,
      prefetch: 10,
      handle: async ({ content, fields }) => {
        await sleep(SHIPPING);
        await pool().query(
          `INSERT INTO shipments (order_id, redelivered) VALUES ($1, $2)
           ON CONFLICT (order_id) DO UPDATE SET deliveries = shipments.deliveries + 1, redelivered = excluded.redelivered`,
          [content.toString(), fields.redelivered],
        );
      },
    });
    drain.component({ ...consumer, name: 'shipping', dependsOn: ['tables', 'rabbitmq'] });
  },
  { name: 'shipping', dependencies: ['@drainkit/fastify', 'database', 'rabbit'] },
);
