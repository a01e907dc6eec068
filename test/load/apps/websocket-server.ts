// A WebSocket server of `ws` under a drain: DRAIN_WINDOW. It prints `ended {…}` with the drain's report.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDrain } from '@drainkit/core/node';
import { WebSocketServer } from 'ws';

const drain = createDrain({ logger: false });
const server = drain.attach(createServer((request, response) => void drain.handle(request, response)));
drain.websockets(new WebSocketServer({ server }));
drain.on('report', ({ report }) => console.log(`ended ${JSON.stringify(report)}`));

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
