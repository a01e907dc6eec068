import drain from '@drainkit/fastify';
import Fastify, { type FastifyInstance } from 'fastify';
import { databasePlugin } from './plugins/database-plugin.ts';
import { outboxPlugin } from './plugins/outbox-plugin.ts';
import { rabbitPlugin } from './plugins/rabbit-plugin.ts';
import { shippingPlugin } from './plugins/shipping-plugin.ts';
import { orderRoutes } from './order-routes.ts';

export interface AppOptions {
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  /** The queue that orders are published to. */
  readonly queue: string;
}

/** The whole app, listening nowhere yet. Its components start before it listens, in the order of their plugins. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger: true, disableRequestLogging: true });
  await app.register(drain);
  await app.register(databasePlugin, options);
  await app.register(rabbitPlugin, options);
  await app.register(outboxPlugin, options);
  await app.register(shippingPlugin, options);
  await app.register(orderRoutes, { prefix: '/orders' });
  app.addHook('onReady', async () => {
    app.log.info('starting the components');
    await app.drain.startComponents();
  });
  return app;
}
