/**
 * A service as they are in real life: Fastify, PostgreSQL, a transaction for each order, a background job beside it, each in
 * a small plugin of its own. What a drain owes to its users can be seen here: an order that was answered with 201 is in the
 * database, once, whatever happened to the process meanwhile.
 *
 *     pnpm example examples/04-orders-service/server.ts
 *     DATABASE_URL=postgres://postgres@127.0.0.1:5432/test pnpm example examples/04-orders-service/server.ts
 *
 * Without DATABASE_URL the database is PGlite, a PostgreSQL inside the process, in memory (or in the directory ORDERS_DIR).
 * Place an order with `curl -d '{"item":"lamp","quantity":2}' -H 'content-type: application/json' localhost:3000/orders`.
 * Then press Ctrl+C. The log shows the order of things: requests and the running batch of receipts finish, Fastify closes,
 * then the receipts job, and last what was opened first and is needed by all the others: the database.
 */
import { buildApp } from './app.ts';

const app = await buildApp({
  databaseUrl: process.env['DATABASE_URL'],
  directory: process.env['ORDERS_DIR'],
});
await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
