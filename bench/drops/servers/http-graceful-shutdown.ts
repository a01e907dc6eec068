/** http-graceful-shutdown, after "Advanced Options Example" in its README; cleanup in onShutdown. */
import { createServer } from 'node:http';
import express from 'express';
import gracefulShutdown from 'http-graceful-shutdown';
import { addExpressRoutes } from '../app/express-routes.ts';
import { listen } from '../app/listen.ts';
import { closeInTurn } from '../app/resource.ts';
import { DEADLINE } from '../app/settings.ts';

const app = express();
addExpressRoutes(app);
const server = listen(createServer(app));

gracefulShutdown(server, { timeout: DEADLINE, onShutdown: closeInTurn });
