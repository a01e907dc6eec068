import { Socket, type Server } from 'node:net';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Clock } from '../host.ts';
import { Connection } from './connection.ts';

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
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  /**
   * The connection of a socket; a socket that was accepted before this set was there is taken in. `undefined` for what is
   * none: a request that somebody has made up may have anything in its place.
   */
  of(socket: Socket): Connection | undefined {
    return this.#connections.get(socket) ?? this.#takeIn(socket);
  }

  /** Apart from the way that every request takes. */
  #takeIn(socket: Socket): Connection | undefined {
    return socket instanceof Socket ? this.#add(socket, false) : undefined;
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
