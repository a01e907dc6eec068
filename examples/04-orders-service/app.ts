import drain from '@drainkit/fastify';
import Fastify, { type FastifyInstance } from 'fastify';
import type { DatabaseOptions } from './database.ts';
import { databasePlugin } from './plugins/database-plugin.ts';
import { receiptsPlugin } from './plugins/receipts-plugin.ts';
import { orderRoutes } from './routes/order-routes.ts';

/** The whole app, listening nowhere yet. The drain comes first: everything after it may register what is to be closed. */
export async function buildApp(options: DatabaseOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger: true, disableRequestLogging: true });
  await app.register(drain);
  await app.register(databasePlugin, options);
  await app.register(receiptsPlugin);
  await app.register(orderRoutes, { prefix: '/orders' });
  return app;
}
