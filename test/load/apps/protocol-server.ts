// A server that speaks what PROTOCOL says (http, h2c, or h2 over TLS), for clients that are not ours. GET and POST
// /work?ms=… take that long. It prints `ended {…}` with the drain's report.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2';
import type { Http2ServerRequest } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { createDrain } from '@drainkit/core/node';

export type Protocol = 'http' | 'h2c' | 'h2';

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../../../packages/testing/test/fixtures/localhost-${name}.pem`, import.meta.url));

function serve(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
  const ms = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('ms') ?? 0);
  request.resume();
  request.on('end', () => setTimeout(() => response.end('done'), ms));
}

function create(protocol: string): Server {
  if (protocol === 'h2c') return createHttp2Server(serve);
  if (protocol === 'h2') return createSecureServer({ key: pem('key'), cert: pem('cert'), allowHTTP1: true }, serve);
  return createServer({ keepAliveTimeout: 72_000 }, serve);
}

const protocol = process.env['PROTOCOL'] ?? 'http';
const drain = createDrain({ logger: false });
const server = drain.attach(create(protocol));
drain.on('report', ({ report }) => console.log(`ended ${JSON.stringify(report)}`));

server.listen(0, '127.0.0.1');
await once(server, 'listening');
const scheme = protocol === 'h2' ? 'https' : 'http';
console.log(`listening on ${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`);
