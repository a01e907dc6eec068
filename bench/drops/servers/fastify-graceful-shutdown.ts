/** fastify-graceful-shutdown: the plugin; its README has resources released in Fastify's onClose hooks. */
import Fastify from 'fastify';
import gracefulShutdown from 'fastify-graceful-shutdown';
import { addFastifyRoutes, listenFastify } from '../app/fastify-routes.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE } from '../app/settings.ts';

const app = Fastify();
await app.register(gracefulShutdown, { timeout: DEADLINE });
addFastifyRoutes(app);
for (const { close } of resources) app.addHook('onClose', () => close());

await listenFastify(app);
