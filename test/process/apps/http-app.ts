// A plain node:http server, without a logger.
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/core/node';
import { listening, openResources, options, ROUTES, stayAlive, tell, tellHealth } from './scene.ts';

const drain = createDrain(options);
tell(drain);
await tellHealth(drain);
openResources(drain);
await stayAlive();

const server = createServer((request, response) => {
  const route = ROUTES[request.url ?? ''];
  if (route === undefined) response.writeHead(404).end();
  else void route(drain).then((text) => response.end(text));
});
drain.attach(server);
server.listen(0, '127.0.0.1');
await listening(server);
