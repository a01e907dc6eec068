/** drainkit, Express: the middleware, mounted first, and the server attached. */
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/express';
import express from 'express';
import { addExpressRoutes } from '../app/express-routes.ts';
import { listen } from '../app/listen.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE, WINDOW } from '../app/settings.ts';

const app = express();
const drain = createDrain({ window: WINDOW, deadline: DEADLINE, closeTimeout: DEADLINE });
app.use(drain.middleware());
addExpressRoutes(app);
for (const { name, close } of resources) drain.resource(name, close);

drain.attach(listen(createServer(app)));
