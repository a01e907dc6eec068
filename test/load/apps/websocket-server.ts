// A WebSocket server of `ws` under a drain: DRAIN_WINDOW. It prints `ended {…}` with the drain's report and when it told each
// client to close.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DrainReport } from '@drainkit/core';
import { createDrain } from '@drainkit/core/node';
import { WebSocket, WebSocketServer } from 'ws';

export interface WebSocketServerEnd {
  readonly report: DrainReport;
  /** When each client was told to close, in milliseconds since the epoch. */
  readonly closedAt: readonly number[];
}

const drain = createDrain({ logger: false });
const server = drain.attach(createServer());
const webSockets = new WebSocketServer({ server });
const closedAt: number[] = [];
webSockets.on('connection', (socket: WebSocket) => {
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => {
    // `ws` calls it, too, when the client has answered.
    if (socket.readyState === WebSocket.OPEN) closedAt.push(performance.timeOrigin + performance.now());
    close(code, reason);
  };
});
drain.websockets(webSockets);
drain.on('report', ({ report }) => {
  console.log(`ended ${JSON.stringify({ report, closedAt } satisfies WebSocketServerEnd)}`);
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
