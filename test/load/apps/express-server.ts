// An Express server under load: PORT, DRAIN_WINDOW. GET and POST /work?ms=… take that long.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/express';
import express from 'express';
import { TimeKeeper } from './server-times.ts';

const app = express();
const drain = createDrain({ logger: false });
const times = new TimeKeeper(drain);
drain.resource('database', () => sleep(20));

app.use(drain.middleware());
app.use((_request, response, next) => {
  times.watch(response);
  next();
});
app.all('/work', express.text(), (request, response) => {
  setTimeout(() => response.json({ received: String(request.body).length }), Number(request.query['ms'] ?? 0));
});

const server = drain.attach(app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1'));
// Longer than a load balancer keeps its own: else there are resets without any drain. Fastify's is that by default.
server.keepAliveTimeout = 72_000;
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
