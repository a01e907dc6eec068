/**
 * The least there is to a Fastify server that drains: one plugin, registered first.
 *
 *     pnpm example examples/01-minimal-fastify/server.ts
 *
 * In a second terminal, `curl -i localhost:3000/ready` answers 200. Now stop the server as a platform does, with
 * `kill -TERM` and the `pid` of the log lines: for five seconds `/ready` answers 503 while `/` still answers 200, with
 * `Connection: close`. Then the process ends, with code 0. Ctrl+C does without the five seconds: nobody is routing to you.
 */
import drain from '@drainkit/fastify';
import Fastify from 'fastify';

const app = Fastify({ logger: true });
await app.register(drain);

app.get('/', async () => 'hello\n');

await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
