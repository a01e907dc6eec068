// A Fastify app with a plugin that takes its time: it connects to something before the app is ready.
import { setTimeout as sleep } from 'node:timers/promises';
import { drainPlugin } from '@drainkit/fastify';
import fastify from 'fastify';
import { listening, options, print, tell } from './scene.ts';

const app = fastify({ logger: true });
app.register(drainPlugin, options);
app.register(async ({ drain }) => {
  tell(drain);
  drain.resource('config', () => print('closed config'));
  print('booting');
  await sleep(Number(process.env['CONNECT_MS']));
  print('connected');
  drain.resource('database', () => print('closed database'));
});
app.addHook('onClose', async () => print('onClose'));

await app.listen({ port: 0, host: '127.0.0.1' });
await listening(app.server);
