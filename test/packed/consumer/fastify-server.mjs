import drainPlugin from '@drainkit/fastify';
import fastify from 'fastify';

const app = fastify();
await app.register(drainPlugin, { window: 0 });
app.get('/', async () => 'hello');
app.drain.resource('database', () => console.log('closed database'));
console.log(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}`);
