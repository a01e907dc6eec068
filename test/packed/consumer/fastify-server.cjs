const { drainPlugin } = require('@drainkit/fastify');
const fastify = require('fastify');

const app = fastify();
app.register(drainPlugin, { window: 0 });
app.get('/', async () => 'hello');
app.after(() => app.drain.resource('database', () => console.log('closed database')));
app.listen({ port: 0, host: '127.0.0.1' }, (error, address) => {
  if (error) throw error;
  console.log(`listening on ${address}`);
});
