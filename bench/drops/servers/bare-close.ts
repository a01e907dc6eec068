/** No library: server.close() at SIGTERM, as the documentation of Express shows it, then the resources. */
import { createServer } from 'node:http';
import { listen } from '../app/listen.ts';
import { nodeHandler } from '../app/node-handler.ts';
import { closeInTurn } from '../app/resource.ts';

const server = listen(createServer(nodeHandler));

process.on('SIGTERM', () => {
  server.close(() => void closeInTurn());
});
