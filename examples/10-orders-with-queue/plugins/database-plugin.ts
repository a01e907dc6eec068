import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import pg from 'pg';
import { postgres } from '../../recipes/postgres.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly pool: () => pg.Pool;
  }
}

const TABLES = [
  'CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL)',
  // The messages that are still to be published.
  'CREATE TABLE IF NOT EXISTS outbox (order_id bigint PRIMARY KEY REFERENCES orders)',
  `CREATE TABLE IF NOT EXISTS shipments (
    order_id bigint PRIMARY KEY REFERENCES orders,
    deliveries integer NOT NULL DEFAULT 1,
    redelivered boolean NOT NULL
  )`,
];

/** The first component: it is closed last. */
export const databasePlugin = fp(
  async (app: FastifyInstance, { databaseUrl }: { readonly databaseUrl: string }): Promise<void> => {
    const db = postgres(() => new pg.Pool({ connectionString: databaseUrl, max: 10, connectionTimeoutMillis: 5_000 }));
    app.drain.component(db);
    app.drain.component({
      name: 'tables',
      dependsOn: ['postgres'],
      start: async () => {
        for (const table of TABLES) await db.pool().query(table);
      },
    });
    app.decorate('pool', db.pool);
  },
  { name: 'database', dependencies: ['@drainkit/fastify'] },
);
