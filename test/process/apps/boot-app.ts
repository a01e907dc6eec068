// An app that takes its time to start: it connects to something before it listens.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';
import { listening, options, print, tell } from './scene.ts';

const drain = createDrain(options);
tell(drain);
drain.resource('config', () => print('closed config'));

print('booting');
await sleep(Number(process.env['CONNECT_MS']));
print('connected');
drain.resource('database', () => print('closed database'));

const server = drain.attach(createServer((_request, response) => response.end('ok')));
server.listen(0, '127.0.0.1');
await listening(server);
