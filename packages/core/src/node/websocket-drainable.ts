import { deferred } from '../deferred.ts';
import type { DrainPlan } from '../drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { parseDuration, type Duration } from '../duration.ts';
import type { Clock } from '../host.ts';
import { Spread } from './spread.ts';

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

export interface WebSocketOptions {
  /** The close code: 1001 going away (RFC 6455 section 7.4.1), or 1012 service restart (IANA). @default 1001 */
  readonly code?: number;
  /** At most 123 bytes. @default 'server is shutting down' */
  readonly reason?: string;
  /** Over what time the close frames are spread, so that clients do not come back all at once. @default the window */
  readonly spread?: Duration;
  /** How long a peer may take to answer a close frame before it is cut off. Milliseconds or `'1s'`. @default '1s' */
  readonly closeTimeout?: Duration;
}

const CLOSED = 3;

/**
 * The clients of a WebSocket server as a Drainable: each is sent a close frame at a moment of its own, spread over the window,
 * and is cut off where it does not answer in time. One that connects meanwhile is told to leave in the time that is left.
 */
export class WebSocketDrainable implements Drainable {
  readonly name = 'websocket';
  readonly late = 0;
  readonly refused = 0;
  readonly reachable = false;
  readonly lastRequestAt: number = -Infinity;
  stalled = 0;
  readonly #spreadMs: number;
  readonly #closing: Spread<WebSocketLike>;
  readonly #open = new Set<WebSocketLike>();
  readonly #drained = deferred<void>();
  #announced = false;
  #refusing = false;

  constructor(server: WebSocketServerLike, options: WebSocketOptions, plan: DrainPlan, clock: Clock) {
    const { code = 1001, reason = 'server is shutting down', spread, closeTimeout } = options;
    const timeout = parseDuration(closeTimeout) ?? 1_000;
    this.#spreadMs = parseDuration(spread) ?? plan.window;
    this.#closing = new Spread(clock, (socket) => {
      if (socket.readyState === CLOSED) return;
      const cancel = clock.setTimeout(() => {
        this.stalled += 1;
        socket.terminate();
      }, timeout);
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
