import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Clock } from '../host.ts';
import { ClientsDrainable } from './clients-drainable.ts';
import { engineOf, SocketIoServer, type EngineLike, type SocketIoServerLike } from './socket-io-server.ts';
import { readWebSocketOptions, type WebSocketPlan, type WebSocketOptions } from './websocket-options.ts';

/** As much of a WebSocket of `ws` as a drain needs. */
export interface WebSocketLike {
  /** 3: closed. */
  readonly readyState: number;
  close(code: number, reason: string): void;
  terminate(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** As much of a WebSocketServer of `ws` as a drain needs; the one under @fastify/websocket has it too. */
export interface WebSocketServerLike {
  readonly clients: Iterable<WebSocketLike>;
  on(event: 'connection', listener: (socket: WebSocketLike) => void): unknown;
}

const CLOSED = 3;

/** The clients of a WebSocket server: each is sent a close frame, and is cut off where it does not answer in time. */
export class WebSocketDrainable extends ClientsDrainable<WebSocketLike> {
  /** How many were cut off. */
  stalled = 0;
  readonly #server: WebSocketServerLike;
  readonly #options: WebSocketPlan;
  readonly #clock: Clock;

  /** @throws DrainError `DRAIN_CLIENTS_INVALID` */
  constructor(
    server: WebSocketServerLike | SocketIoServerLike | EngineLike,
    said: WebSocketOptions,
    plan: DrainPlan,
    clock: Clock,
  ) {
    const options = readWebSocketOptions(server, said, plan.window);
    super('websocket', options.spread, clock);
    this.#options = options;
    this.#clock = clock;
    const engine = engineOf(server);
    this.#server = engine === undefined ? (server as WebSocketServerLike) : new SocketIoServer(engine);
    this.#server.on('connection', (socket) => this.add(socket));
  }

  override announce(): void {
    this.#takeStock();
    super.announce();
  }

  override refuse(): void {
    this.#takeStock();
    super.refuse();
  }

  /** One whose owner has done the handshake by hand may have been announced to nobody. */
  #takeStock(): void {
    for (const socket of this.#server.clients) this.add(socket);
  }

  protected tell(socket: WebSocketLike): void {
    if (socket.readyState === CLOSED) return;
    const { code, reason, closeTimeout } = this.#options;
    const cutOff = (): void => {
      this.stalled += 1;
      socket.terminate();
      this.leave(socket);
    };
    socket.once('close', this.#clock.setTimeout(cutOff, closeTimeout));
    socket.close(code, reason);
  }

  override abort(): void {
    for (const socket of this.open) socket.terminate();
    super.abort();
  }
}
