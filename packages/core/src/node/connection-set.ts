import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Clock } from '../host.ts';
import { Connection } from './connection.ts';
import { pathOf } from './http-answer.ts';

/**
 * The connections of one server, from the accept on. `http.Server#closeAllConnections` knows neither upgraded sockets nor
 * TLS sockets that never finished the handshake; this does.
 */
export class ConnectionSet implements Iterable<Connection> {
  readonly #clock: Clock;
  readonly #onClosed: (connection: Connection) => void;
  /** By plain socket, by TLS socket, and during a handshake by the raw socket under it. */
  readonly #connections = new Map<Socket, Connection>();

  /** @param onClosed - told of each connection that is gone, and of each handshake that is over. */
  constructor(server: Server, clock: Clock, onClosed: (connection: Connection) => void) {
    this.#clock = clock;
    this.#onClosed = onClosed;
    const isTls = server instanceof TlsServer;
    server.on('connection', (socket: Socket) => this.#add(socket, isTls));
    if (isTls) server.on('secureConnection', (socket) => this.#onSecured(socket));
    markUpgrades(server, (request) => {
      // A CONNECT of HTTP/2 is a stream, and counted as one.
      if (!('stream' in request)) this.of(request.socket).upgradedBy = `${request.method} ${pathOf(request)}`;
    });
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  /** The connection of a socket; a socket that was accepted before this set was there is taken in. */
  of(socket: Socket): Connection {
    return this.#connections.get(socket) ?? this.#add(socket, false);
  }

  get(socket: Socket): Connection | undefined {
    return this.#connections.get(socket);
  }

  #add(socket: Socket, isHandshake: boolean): Connection {
    const connection = new Connection(socket, this.#clock, isHandshake);
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#delete(socket));
    return connection;
  }

  /** From here on the TLS socket stands for the connection: the raw one under it would look idle in the middle of a request. */
  #onSecured(socket: TLSSocket): void {
    // HTTP/2 is counted by session.
    if (socket.alpnProtocol !== 'h2') this.of(socket);
    // Only now, or for a moment there would be no connection left.
    const { _parent: raw } = socket as TLSSocket & { readonly _parent?: Socket };
    if (raw !== undefined) this.#delete(raw);
  }

  #delete(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined && this.#connections.delete(socket)) this.#onClosed(connection);
  }
}

/**
 * Calls `onUpgrade` for each upgraded request. A server that has a listener for `upgrade` is one that upgrades, so this
 * adds its own only once another is there, and leaves with it.
 */
function markUpgrades(server: Server, onUpgrade: (request: IncomingMessage) => void): void {
  for (const event of ['upgrade', 'connect'] as const) {
    const hasOthers = (): boolean => server.listeners(event).some((listener) => listener !== onUpgrade);
    const follow = (): void => {
      if (hasOthers() && !server.listeners(event).includes(onUpgrade)) server.prependListener(event, onUpgrade);
      if (!hasOthers()) server.off(event, onUpgrade);
    };
    // 'newListener' comes before the listener is there.
    server.on('newListener', (name) => {
      if (name === event) queueMicrotask(follow);
    });
    server.on('removeListener', (name, listener) => {
      if (name === event && listener !== onUpgrade) follow();
    });
    follow();
  }
}
