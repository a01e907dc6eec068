/**
 * Metrics of the drain, for Prometheus: on a port of their own, which answers to the end, and is read once more before it.
 *
 *     pnpm example examples/08-metrics/server.ts
 *
 * `curl -s localhost:9090/metrics | grep ^drain_` shows how things stand. Leave it running every second, with `watch -n 1`, and
 * stop the server with `kill -TERM` and the `pid` of the log lines: you see the phases pass, and at the end how long it took.
 */
import { meterDrain } from '@drainkit/core/prom-client';
import drain from '@drainkit/fastify';
import Fastify from 'fastify';
import { register } from 'prom-client';

const app = Fastify({ logger: true });
await app.register(drain, { health: { port: 9090 }, lastScrape: '3s' });

meterDrain(app.drain);
app.drain.healthServer?.metrics(register);

app.get('/', async () => 'hello\n');

await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
