/** Express: one route that answers at once, so that whatever is paid per request shows as much as it can. */
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/express';
import { meterDrain } from '@drainkit/core/prom-client';
import express from 'express';
import { register } from 'prom-client';
import { listen } from '../../drops/app/listen.ts';
import { variant } from './variant.ts';

const app = express();
const server = createServer(app);
if (variant === 'empty') app.use((_request, _response, next) => next());
else if (variant !== 'bare') {
  const drain = createDrain();
  if (variant !== 'attached') app.use(drain.middleware());
  drain.attach(server);
  if (variant === 'metrics') meterDrain(drain);
}
app.get('/metrics', async (_request, response) => {
  response.type(register.contentType).send(await register.metrics());
});
app.get('/', (_request, response) => void response.json({ hello: 'world' }));

listen(server);
