/** Fastify: one route that answers at once, so that whatever is paid per request shows as much as it can. */
import drain from '@drainkit/fastify';
import { meterDrain } from '@drainkit/core/prom-client';
import Fastify from 'fastify';
import { register } from 'prom-client';
import { listenFastify } from '../../drops/app/fastify-routes.ts';
import { variant } from './variant.ts';

const app = Fastify();
if (variant !== 'bare') await app.register(drain);
if (variant === 'metrics') meterDrain(app.drain);
app.get('/metrics', async (_request, reply) => reply.type(register.contentType).send(await register.metrics()));
app.get('/', async () => ({ hello: 'world' }));

await listenFastify(app);
