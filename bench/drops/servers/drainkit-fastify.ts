/** drainkit, Fastify: the plugin, registered first. */
import drain from '@drainkit/fastify';
import Fastify from 'fastify';
import { addFastifyRoutes, listenFastify } from '../app/fastify-routes.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE, WINDOW } from '../app/settings.ts';

const app = Fastify();
await app.register(drain, { window: WINDOW, deadline: DEADLINE, closeTimeout: DEADLINE });
addFastifyRoutes(app);
for (const { name, close } of resources) app.drain.resource(name, close);

await listenFastify(app);
