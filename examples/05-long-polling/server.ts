/**
 * Long polls: clients that wait for news, half a minute if need be, would hold up every drain. Here they do not: each
 * request has an AbortSignal of its own that says when the drain begins, and the answer to it is 204, 'nothing yet': the
 * client asks again, and the balancer sends it elsewhere.
 *
 *     pnpm example examples/05-long-polling/server.ts
 *
 * In a second terminal, `curl -i localhost:3000/events` waits. In a third, send some news, and it answers 200:
 * `curl -d '{"text":"hello"}' -H 'content-type: application/json' localhost:3000/events`. Let it wait again and press Ctrl+C
 * in the first terminal: it answers 204 at once, and the server is gone a moment later.
 */
import { EventEmitter, once } from 'node:events';
import drain from '@drainkit/fastify';
import Fastify from 'fastify';

/** How long a poll waits where nothing happens, in milliseconds: less than the idle timeout of any proxy on the way. */
const LONGEST_POLL = 25_000;

const app = Fastify({ logger: true });
await app.register(drain);

const news = new EventEmitter();
news.setMaxListeners(0); // one for each client that waits

app.get('/events', async (request, reply) => {
  const signal = AbortSignal.any([request.drain.signal, AbortSignal.timeout(LONGEST_POLL)]);
  try {
    const [event] = await once(news, 'event', { signal });
    return event;
  } catch (error) {
    if (!signal.aborted) throw error;
    return reply.code(204).send();
  }
});

app.post('/events', async (request, reply) => {
  news.emit('event', request.body);
  return reply.code(202).send();
});

await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
