/** @gquittet/graceful-server, after "ExpressJS" in its EXAMPLE.md, with the Kubernetes mode that its API.md asks for. */
import { createServer } from 'node:http';
import GracefulServer from '@gquittet/graceful-server';
import express from 'express';
import { addExpressRoutes } from '../app/express-routes.ts';
import { listen } from '../app/listen.ts';
import { resources } from '../app/resource.ts';
import { WINDOW } from '../app/settings.ts';

const app = express();
addExpressRoutes(app);
const server = createServer(app);
const gracefulServer = GracefulServer(server, {
  closePromises: resources.map(({ close }) => close),
  timeout: WINDOW,
  kubernetes: true,
});

listen(server, () => gracefulServer.setReady());
