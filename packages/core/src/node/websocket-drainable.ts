import { deferred } from '../deferred.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import type { Clock } from '../host.ts';
import { Spread } from './spread.ts';
import { readWebSocketOptions, type WebSocketOptions } from './websocket-options.ts';

/** As much of a WebSocket of `ws` as a drain needs. */
export interface WebSocketLike {
  /** 3: closed. */
  readonly readyState: number;
  close(code: number, reason: string): void;
  terminate(): void;
  once(event: 'close', listener: () => void): unknown;
}

/** As much of a WebSocketServer of `ws` as a drain needs; the one under @fastify/websocket and socket.io's engine have it too. */
export interface WebSocketServerLike {
  readonly clients: Iterable<WebSocketLike>;
  on(event: 'connection', listener: (socket: WebSocketLike) => void): unknown;
}

const CLOSED = 3;

/**
 * The clients of a WebSocket server as a Drainable: each is sent a close frame at a moment of its own, spread over the window,
 * and is cut off where it does not answer in time. One that connects meanwhile is told to leave in the time that is left.
 */
export class WebSocketDrainable implements Drainable {
  readonly name = 'websocket';
  stalled = 0;
  readonly #spreadMs: number;
  readonly #closing: Spread<WebSocketLike>;
  readonly #open = new Set<WebSocketLike>();
  readonly #drained = deferred<void>();
  #announced = false;
  #refusing = false;

  /** @throws DrainError `DRAIN_CLIENTS_INVALID` */
  constructor(server: WebSocketServerLike, options: WebSocketOptions, plan: DrainPlan, clock: Clock) {
    const { code, reason, spread, closeTimeout } = readWebSocketOptions(server, options, plan.window);
    this.#spreadMs = spread;
    this.#closing = new Spread(clock, (socket) => {
      if (socket.readyState === CLOSED) return;
      const cancel = clock.setTimeout(() => {
        this.stalled += 1;
        socket.terminate();
      }, closeTimeout);
      socket.once('close', cancel);
      socket.close(code, reason);
    });
    for (const socket of server.clients) this.#track(socket);
    server.on('connection', (socket) => this.#track(socket));
  }

  get inFlight(): number {
    return 0;
  }

  /** The server that they were upgraded from names them. */
  work(): WorkItem[] {
    return [];
  }

  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#closing.start(this.#open, this.#spreadMs);
  }

  refuse(): void {
    this.#refusing = true;
    this.#closing.finish();
    this.#settle();
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  force(): void {}

  abort(): void {
    for (const socket of this.#open) socket.terminate();
    this.#drained.resolve();
  }

  #track(socket: WebSocketLike): void {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#settle();
    });
    if (this.#announced) this.#closing.add(socket);
  }

  #settle(): void {
    if (this.#refusing && this.#open.size === 0) this.#drained.resolve();
  }
}
