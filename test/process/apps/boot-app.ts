// An app that takes its time to start: it connects to something before it listens.
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/core/node';
import { connecting, listening, options, print, tell } from './scene.ts';

const drain = createDrain(options);
tell(drain);
drain.resource('config', () => print('closed config'));

print('booting');
await connecting(drain.signal);
print('connected');
drain.resource('database', () => print('closed database'));

const server = drain.attach(createServer((_request, response) => response.end('ok')));
server.listen(0, '127.0.0.1');
await listening(server);
