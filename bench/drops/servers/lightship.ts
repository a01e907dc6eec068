/** lightship, after "Using with Express.js" in its README, whose handler does not wait for server.close(). */
import { createServer } from 'node:http';
import express from 'express';
import { createLightship } from 'lightship';
import { addExpressRoutes } from '../app/express-routes.ts';
import { listen } from '../app/listen.ts';
import { resources } from '../app/resource.ts';
import { DEADLINE, WINDOW } from '../app/settings.ts';

const app = express();
addExpressRoutes(app);
const server = createServer(app);

const lightship = await createLightship({ shutdownDelay: WINDOW, shutdownHandlerTimeout: DEADLINE });
lightship.registerShutdownHandler(() => {
  server.close();
});
for (const { close } of resources) lightship.registerShutdownHandler(close);

listen(server, () => lightship.signalReady());
