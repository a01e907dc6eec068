// What a browser opens: a page, requests, an EventSource and a WebSocket, under a drain (DRAIN_WINDOW). NAME is in every answer.
// It prints `bare …` at SIGTERM, how many connections have not sent a byte, and `ended {…}` with the drain's report.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createDrain } from '@drainkit/core/node';
import { WebSocketServer } from 'ws';

const name = process.env['NAME'] ?? '';
const drain = createDrain({ logger: false });

/** Asks all the time, and keeps what it sees in `seen`. */
const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<script>
  const seen = { answers: {}, failures: [], events: [], closes: [] };
  const ask = async () => {
    try {
      const method = Math.random() < 0.5 ? 'GET' : 'POST';
      const response = await fetch('/work', { method, body: method === 'POST' ? 'x'.repeat(1000) : undefined });
      const text = await response.text();
      if (response.status !== 200) throw new Error(response.status);
      seen.answers[text] = (seen.answers[text] ?? 0) + 1;
    } catch (error) {
      seen.failures.push(String(error));
    }
    setTimeout(ask, 30);
  };
  const source = new EventSource('/events');
  source.onmessage = ({ data }) => seen.events.push(data);
  const socket = new WebSocket('ws://' + location.host);
  socket.onclose = ({ code }) => seen.closes.push(code);
  socket.onopen = () => { ask(); ask(); };
</script>`;

const sockets = new Set<Socket>();
const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${name}\n\n`);
    drain.eventStream(response, { retry: '100ms' });
  } else if (request.url === '/work') {
    request.resume().on('end', () => response.end(name));
  } else {
    response.setHeader('content-type', 'text/html');
    response.end(PAGE);
  }
});
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
drain.attach(server);
drain.websockets(new WebSocketServer({ server }));
process.once('SIGTERM', () => {
  console.log(`bare ${[...sockets].filter(({ bytesRead }) => bytesRead === 0).length}`);
});
drain.on('report', ({ report }) => console.log(`ended ${JSON.stringify(report)}`));

server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
