/**
 * The orders service with a message queue: Fastify, PostgreSQL, RabbitMQ, an outbox between the two, and a consumer. Whatever
 * moment SIGTERM comes at, an order that was answered with 201 is in the database once, is published at least once, and no
 * message is left unacknowledged.
 *
 *     pnpm example examples/10-orders-with-queue/server.ts
 *
 * It uses DATABASE_URL and AMQP_URL, or else the PostgreSQL and the RabbitMQ of this machine, and in them the tables orders,
 * outbox and shipments, and the queue ORDERS_QUEUE. Place an order with
 * `curl -d '{"item":"lamp"}' -H 'content-type: application/json' localhost:3000/orders`, then press Ctrl+C. The log shows the
 * order of things: the consumer takes no more messages and the outbox no more batches; requests, messages and the batch in
 * hand finish; Fastify closes; the outbox is emptied once more, of what the last requests put there; then its channel closes,
 * and last what they all stand on: the database and the connection to RabbitMQ.
 */
import { buildApp } from './app.ts';

const app = await buildApp({
  databaseUrl: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
  amqpUrl: process.env['AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672',
  queue: process.env['ORDERS_QUEUE'] ?? 'drainkit_orders',
});
await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
