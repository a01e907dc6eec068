// A Fastify server under load: PORT, DRAIN_WINDOW. GET and POST /work?ms=… take that long.
import { setTimeout as sleep } from 'node:timers/promises';
import { drainPlugin } from '@drainkit/fastify';
import fastify from 'fastify';
import { TimeKeeper } from './server-times.ts';

interface Work {
  Querystring: { ms?: string };
  Body: string;
}

const app = fastify();
await app.register(drainPlugin);
const times = new TimeKeeper(app.drain);
app.drain.resource('database', () => sleep(20));

app.addHook('onRequest', async (_request, reply) => times.watch(reply.raw));
app.get<Work>('/work', async ({ query }) => {
  await sleep(Number(query.ms ?? 0));
  return { done: true };
});
app.post<Work>('/work', async ({ query, body }) => {
  await sleep(Number(query.ms ?? 0));
  return { received: body.length };
});

console.log(`listening on ${await app.listen({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1' })}`);
