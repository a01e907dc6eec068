// A server under systemd, as far as its notify socket goes.
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/core/node';
import { notifySystemd } from '@drainkit/core/processes';
import { listening, options, print, tell } from './scene.ts';

const drain = createDrain(options);
tell(drain);
print(`notifies ${notifySystemd(drain)}`);
const server = createServer((_, response) => response.end('ok'));
drain.attach(server);
server.listen(0, '127.0.0.1');
await listening(server);
