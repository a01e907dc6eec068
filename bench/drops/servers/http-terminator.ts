/** http-terminator: terminate() in place of server.close(). Signals, resources and the exit it leaves to the app. */
import { createServer } from 'node:http';
import express from 'express';
import { createHttpTerminator } from 'http-terminator';
import { addExpressRoutes } from '../app/express-routes.ts';
import { listen } from '../app/listen.ts';
import { closeInTurn } from '../app/resource.ts';
import { DEADLINE } from '../app/settings.ts';

const app = express();
addExpressRoutes(app);
const server = listen(createServer(app));

const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: DEADLINE });
process.on('SIGTERM', () => void terminator.terminate().then(closeInTurn));
