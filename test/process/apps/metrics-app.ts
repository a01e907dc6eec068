// A Fastify app whose metrics are on the port of the health routes.
import { meterDrain } from '@drainkit/core/prom-client';
import { drainPlugin } from '@drainkit/fastify';
import fastify from 'fastify';
import { register } from 'prom-client';
import { listening, openResources, options, print, tell } from './scene.ts';

const app = fastify();
await app.register(drainPlugin, { ...options, health: { port: 0, host: '127.0.0.1' } });
meterDrain(app.drain);
const { healthServer } = app.drain;
healthServer?.metrics(register);
await healthServer?.listening;
print(`metrics http://127.0.0.1:${String(healthServer?.address?.port)}/metrics`);
tell(app.drain);
openResources(app.drain);
app.get('/', async () => 'ok');
await app.listen({ port: 0, host: '127.0.0.1' });
await listening(app.server);
