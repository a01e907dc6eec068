import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { certificate } from '../contract/server-kinds.ts';

/** A handler of node:http, which Node's HTTP/2 servers call as well. */
type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyListener = (request: AnyRequest, response: ServerResponse) => void;

/** One way of carrying HTTP. */
export interface Transport {
  readonly name: 'http' | 'https' | 'h2c' | 'h2';
  readonly tls: boolean;
  readonly http2: boolean;
  /** @param onUpgrade - given the stream of each upgraded request, which is accepted already. */
  readonly serve: (listener: AnyListener, onUpgrade: (stream: Duplex) => void) => Server;
}

export const TRANSPORTS: readonly Transport[] = [
  {
    name: 'http',
    tls: false,
    http2: false,
    serve: (listener, onUpgrade) => upgrading(createServer(listener), onUpgrade),
  },
  {
    name: 'https',
    tls: true,
    http2: false,
    serve: (listener, onUpgrade) => upgrading(createTlsServer(certificate, listener), onUpgrade),
  },
  {
    name: 'h2c',
    tls: false,
    http2: true,
    serve: (listener, onUpgrade) => connecting(createHttp2Server(HTTP2, compatible(listener)), onUpgrade),
  },
  {
    name: 'h2',
    tls: true,
    http2: true,
    serve: (listener, onUpgrade) =>
      connecting(createSecureServer({ ...certificate, ...HTTP2 }, compatible(listener)), onUpgrade),
  },
];

const HTTP2 = { settings: { enableConnectProtocol: true } };

type Http2Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

function compatible(listener: AnyListener): Http2Listener {
  return listener as unknown as Http2Listener;
}

function upgrading(server: Server, onUpgrade: (stream: Duplex) => void): Server {
  return server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    onUpgrade(socket);
  });
}

/** The extended CONNECT of RFC 8441 is how HTTP/2 upgrades a stream. */
function connecting(server: Server, onUpgrade: (stream: Duplex) => void): Server {
  return server.on('connect', (_request: Http2ServerRequest, { stream }: Http2ServerResponse) => {
    stream.respond({ ':status': 200 });
    onUpgrade(stream);
  });
}
