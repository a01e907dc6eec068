/** @godaddy/terminus, after "With express" and "How to set Terminus up with Kubernetes" in its README. */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTerminus } from '@godaddy/terminus';
import express from 'express';
import { addExpressRoutes } from '../app/express-routes.ts';
import { listen } from '../app/listen.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE, WINDOW } from '../app/settings.ts';

const app = express();
addExpressRoutes(app);
const server = createTerminus(createServer(app), {
  healthChecks: { '/ready': async () => {} },
  timeout: DEADLINE,
  beforeShutdown: () => sleep(WINDOW),
  onSignal: () => Promise.all(resources.map(({ close }) => close())),
  useExit0: true,
});

listen(server);
