/** close-with-grace, after "Example with Fastify" in its README; resources in Fastify's own onClose hooks. */
import closeWithGrace from 'close-with-grace';
import Fastify from 'fastify';
import { addFastifyRoutes, listenFastify } from '../app/fastify-routes.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE } from '../app/settings.ts';

const app = Fastify();
addFastifyRoutes(app);
for (const { close } of resources) app.addHook('onClose', () => close());

closeWithGrace({ delay: DEADLINE }, async () => {
  await app.close();
});

await listenFastify(app);
