import fp from 'fastify-plugin';
import type { FastifyInstance } from 'fastify';
import { openDatabase, type Database, type DatabaseOptions } from '../database.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly database: Database;
  }
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0)
  )`,
  // An outbox: an order and the receipt that is due for it are written together, or not at all.
  `CREATE TABLE IF NOT EXISTS receipts (
    order_id bigint PRIMARY KEY REFERENCES orders,
    sent integer NOT NULL DEFAULT 0
  )`,
];

/** Opens the database. Registered first, so closed last: everything after it may use it to its own end. */
export const databasePlugin = fp(
  async (app: FastifyInstance, options: DatabaseOptions): Promise<void> => {
    const database = await openDatabase(options);
    app.drain.resource('database', () => database.close());
    for (const table of TABLES) await database.query(table);
    app.decorate('database', database);
  },
  { name: 'database', dependencies: ['@drainkit/fastify'] },
);
