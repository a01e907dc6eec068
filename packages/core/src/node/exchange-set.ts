import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from './connection.ts';
import type { ConnectionSet } from './connection-set.ts';
import { Exchange } from './exchange.ts';

type Untracked = readonly [connection: Connection, response: ServerResponse];

/**
 * The requests of HTTP/1 that are being answered.
 *
 * While serving a request costs no more than noting when it came: what is in flight is what Node is writing responses for,
 * and is looked up when somebody wants to know. From `trackAll` on each exchange is tracked, from its request to the end of
 * its response.
 */
export class ExchangeSet implements Iterable<Exchange> {
  readonly #connections: ConnectionSet;
  readonly #onClosed: (exchange: Exchange) => void;
  /** All, once all are tracked; before that those whose handlers have asked for signals, or go on without their client. */
  readonly #tracked = new Map<IncomingMessage, Exchange>();
  #tracksAll = false;
  #seen: readonly Untracked[] | undefined;

  /** @param onClosed - told of each tracked exchange whose response is over, sent or not. It stays until it is deleted. */
  constructor(connections: ConnectionSet, onClosed: (exchange: Exchange) => void) {
    this.#connections = connections;
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#tracked.size + this.#untracked().length;
  }

  /** Those that are tracked. */
  [Symbol.iterator](): Iterator<Exchange> {
    return this.#tracked.values();
  }

  has(request: IncomingMessage): boolean {
    return this.#tracked.has(request);
  }

  /** The exchange of a request that is being answered, which is tracked from here on. */
  get(request: IncomingMessage): Exchange | undefined {
    const tracked = this.#tracked.get(request);
    if (tracked !== undefined) return tracked;
    const connection = this.#connections.get(request.socket);
    const response = connection?.untracked;
    return connection !== undefined && response?.req === request ? this.track(connection, response) : undefined;
  }

  /** @returns whether it was there. */
  delete({ request }: Exchange): boolean {
    return this.#tracked.delete(request);
  }

  /** While serving: a request came at this time. */
  note(request: IncomingMessage, response: ServerResponse, at: number): void {
    const connection = this.#connections.of(request.socket);
    if (connection === undefined) return;
    const isPipelined = connection.isAnswering(response);
    const first = isPipelined ? connection.untracked : undefined;
    if (first !== undefined) this.track(connection, first);
    connection.requestAt = at;
    // Of pipelined requests Node shows only the first.
    if (isPipelined) this.track(connection, response);
  }

  track(connection: Connection, response: ServerResponse): Exchange {
    const exchange = new Exchange(response.req, response, connection, connection.requestAt);
    this.#seen = undefined;
    this.#tracked.set(response.req, exchange);
    response.on('close', () => this.#onClosed(exchange));
    connection.exchanges.push(exchange);
    return exchange;
  }

  /** Tracks what is in flight now. */
  takeStock(): void {
    // What has been seen at this moment may be over by now.
    for (const [connection, response] of this.#untracked()) {
      if (connection.response === response) this.track(connection, response);
    }
  }

  /** Tracks what is in flight; what comes from now on is to be tracked as it comes. */
  trackAll(): void {
    this.takeStock();
    this.#tracksAll = true;
  }

  /**
   * What is in flight and not tracked. All connections have to be looked at for it: once for all that ask at the same moment,
   * as the beginning of a drain does.
   */
  #untracked(): readonly Untracked[] {
    if (this.#tracksAll) return [];
    if (this.#seen !== undefined) return this.#seen;
    const seen: Untracked[] = [];
    for (const connection of this.#connections) {
      const { untracked } = connection;
      if (untracked !== undefined) seen.push([connection, untracked]);
    }
    this.#seen = seen;
    queueMicrotask(() => (this.#seen = undefined));
    return seen;
  }
}
