// A Fastify app with a plugin that takes its time: it connects to something before the app is ready.
import { drainPlugin } from '@drainkit/fastify';
import fastify from 'fastify';
import { connecting, listening, options, print, tell } from './scene.ts';

const app = fastify({ logger: true });
app.register(drainPlugin, options);
app.register(async ({ drain }) => {
  tell(drain);
  drain.resource('config', () => print('closed config'));
  print('booting');
  await connecting(drain.signal);
  print('connected');
  drain.resource('database', () => print('closed database'));
});
app.addHook('onClose', async () => print('onClose'));

await app.listen({ port: 0, host: '127.0.0.1' });
await listening(app.server);
