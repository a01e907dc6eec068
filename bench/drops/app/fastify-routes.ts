import type { FastifyInstance } from 'fastify';
import { failLater, greet, greetSlowly, streamEvents } from './handlers.ts';

export function addFastifyRoutes(app: FastifyInstance): void {
  app.get('/', greet);
  app.post('/', greet);
  app.get('/slow', greetSlowly);
  app.get('/fault', async () => failLater());
  app.get('/hang', () => new Promise(() => {}));
  app.get('/events', (_request, reply) => {
    reply.hijack();
    streamEvents(reply.raw);
  });
}

/** Listens on a free port of the loopback and says which. */
export async function listenFastify(app: FastifyInstance): Promise<void> {
  console.log(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}`);
}
