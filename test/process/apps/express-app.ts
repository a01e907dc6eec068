// An Express app, with the logger that drainkit brings.
import { createDrain } from '@drainkit/express';
import express from 'express';
import { listening, openResources, options, ROUTES, stayAlive, tell, tellHealth } from './scene.ts';

const app = express();
const drain = createDrain(options);
tell(drain);
await tellHealth(drain);
openResources(drain);
await stayAlive();

app.use(drain.middleware());
for (const [path, route] of Object.entries(ROUTES)) {
  app.get(path, async (_request, response) => {
    response.send(await route(drain));
  });
}
await listening(drain.attach(app.listen(0, '127.0.0.1')));
