/** No library: readiness turns 503, a sleep, app.close(), and a timer that ends the process should that hang. */
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { addFastifyRoutes, listenFastify } from '../app/fastify-routes.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE, WINDOW } from '../app/settings.ts';

const app = Fastify();
let ready = true;
app.get('/ready', (_request, reply) => reply.code(ready ? 200 : 503).send());
addFastifyRoutes(app);
for (const { close } of resources) app.addHook('onClose', () => close());

async function shutDown(): Promise<void> {
  ready = false;
  setTimeout(() => process.exit(1), WINDOW + DEADLINE).unref();
  await sleep(WINDOW);
  await app.close();
  process.exit(0);
}
process.on('SIGTERM', () => void shutDown());

await listenFastify(app);
