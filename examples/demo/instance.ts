/**
 * The server that the demo runs twice: a fast route, a slow one, and something to close. On its own:
 *
 *     INSTANCE=one PORT=3000 node --import tsx examples/demo/instance.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import drain from '@drainkit/fastify';
import Fastify from 'fastify';

const name = process.env['INSTANCE'] ?? 'one';

const app = Fastify({ logger: true, disableRequestLogging: true });
await app.register(drain);
app.addHook('onRequest', async (_request, reply) => {
  reply.header('x-instance', name);
});

app.get('/', async () => `hello from ${name}\n`);

app.get('/report', async () => {
  await sleep(2_000);
  return `a long report from ${name}\n`;
});

// Stands for a pool of database connections: it takes its time to close.
app.drain.resource('database', () => sleep(250));

await app.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
