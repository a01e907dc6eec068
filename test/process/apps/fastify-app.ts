// A Fastify app, with Fastify's own logger unless the drain has none either.
import { drainPlugin } from '@drainkit/fastify';
import fastify from 'fastify';
import {
  forever,
  inScene,
  listening,
  openResources,
  options,
  print,
  ROUTES,
  stayAlive,
  tell,
  tellHealth,
  throwNowhere,
} from './scene.ts';

const app = fastify({ logger: options.logger !== false });
await app.register(drainPlugin, options);
tell(app.drain);
await tellHealth(app.drain);
openResources(app.drain);
await stayAlive();

for (const [path, route] of Object.entries(ROUTES)) app.get(path, () => route(app.drain));

app.addHook('onClose', async () => {
  print('onClose');
  if (inScene('hang:onClose')) await forever();
});
if (inScene('throw:onClose')) app.addHook('onClose', () => throwNowhere());

await app.listen({ port: 0, host: '127.0.0.1' });
await listening(app.server);
