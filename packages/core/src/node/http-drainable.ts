import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { DrainPlan } from '../drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { healthRoute } from '../health.ts';
import type { Cancel, Clock } from '../host.ts';
import type { Connection } from './connection.ts';
import { ConnectionSet } from './connection-set.ts';
import { Exchange } from './exchange.ts';
import { answerRefused, pathOf } from './http-answer.ts';
import { IdleSweep } from './idle-sweep.ts';
import { closeListener } from './listener.ts';
import { listenForRequests } from './request-channel.ts';

/** What a framework knows of its routes. */
export interface Routes {
  /** The route pattern of a request, such as `/orders/:id`, where it has one: reports then name that, and not the path. */
  readonly describe: (request: IncomingMessage) => string | undefined;
  /** What stands before the paths of the health routes. */
  readonly healthPrefix: string;
}

/**
 * A node:http or node:https server as a Drainable.
 *
 * From `announce` on, responses carry `Connection: close`. `refuse` closes the listener without touching connections;
 * requests that come on open ones are answered. When nothing is in flight, the connections that are left are ended. A bare
 * connect is not waited for; a request that arrives in part has `stallTimeout` to go on. `abort` destroys the rest.
 */
export class HttpDrainable implements Drainable {
  readonly name = 'http';
  late = 0;
  refused = 0;
  stalled = 0;
  readonly #server: Server;
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  readonly #routes: Routes;
  readonly #connections: ConnectionSet;
  readonly #exchanges = new Map<IncomingMessage, Exchange>();
  readonly #sweep: IdleSweep;
  readonly #stallTimers = new Map<Connection, Cancel>();
  readonly #drained = deferred<void>();
  #stopRequests: Cancel = () => {};
  #announced = false;
  #refusing = false;
  #forced = false;
  #aborted = false;
  #swapped = false;

  constructor(server: Server, plan: DrainPlan, clock: Clock, routes: Routes) {
    this.#server = server;
    this.#plan = plan;
    this.#clock = clock;
    this.#routes = routes;
    this.#connections = new ConnectionSet(server, clock, (connection) => this.#onConnectionClosed(connection));
    this.#sweep = new IdleSweep(this.#connections, clock);
    if (server.listening) this.#onListening();
    server.on('listening', () => this.#onListening());
    server.on('close', () => this.#stopRequests());
  }

  get inFlight(): number {
    return this.#exchanges.size;
  }

  get reachable(): boolean {
    return this.#server.listening;
  }

  /** What is known of a request that is being answered. */
  exchange(request: IncomingMessage): Exchange | undefined {
    return this.#exchanges.get(request);
  }

  /** Counts a request that came before this was there. */
  adopt(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#exchanges.has(request) && !response.closed) this.#onRequest(request, response);
  }

  work(): WorkItem[] {
    const now = this.#clock.now();
    const items = Array.from(this.#exchanges.values(), ({ request, beganAt }) => ({
      name: `${request.method} ${this.#routes.describe(request) ?? pathOf(request)}`,
      ageMs: now - beganAt,
    }));
    for (const connection of this.#connections) {
      if (connection.kind(now) === 'partial')
        items.push({ name: 'an incomplete request', ageMs: now - connection.idleSince });
    }
    return items;
  }

  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    const reason = new DrainError('DRAIN_DRAINING');
    for (const exchange of this.#exchanges.values()) {
      if (exchange.connection.exchanges.at(-1) === exchange) exchange.endConnectionAfter();
      exchange.announce(reason);
    }
    if (this.#plan.refuseDuringWindow) this.#refuseRequests();
  }

  refuse(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    if (this.#plan.lateRequests === 'refuse') this.#refuseRequests();
    for (const connection of this.#connections) this.#watchArrival(connection);
    closeListener(this.#server, () => this.#settle());
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  force(): void {
    this.#forced = true;
    const reason = new DrainError('DRAIN_DEADLINE');
    for (const exchange of this.#exchanges.values()) exchange.force(reason);
  }

  abort(): void {
    this.#aborted = true;
    if (this.#server.listening) this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    this.#drained.resolve();
  }

  #onListening(): void {
    this.#stopRequests = listenForRequests(this.#server, (request, response) => this.#onRequest(request, response));
    // It began to listen after the drain had closed every listener: it is not left behind.
    if (this.#refusing) closeListener(this.#server, () => this.#settle());
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.of(request.socket);
    const exchange = new Exchange(request, response, connection, this.#clock.now());
    this.#exchanges.set(request, exchange);
    response.on('close', () => this.#onResponseClosed(exchange));
    connection.exchanges.push(exchange);
    if (this.#announced) this.#onLateRequest(exchange);
  }

  #onLateRequest(exchange: Exchange): void {
    const { connection } = exchange;
    // Of pipelined requests the last says close: what follows a response that says it is not to be answered (RFC 9112 9.6).
    connection.exchanges.at(-2)?.keepConnectionAfter();
    exchange.endConnectionAfter();
    exchange.announce(new DrainError('DRAIN_DRAINING'));
    if (this.#forced) exchange.force(new DrainError('DRAIN_DEADLINE'));
    if (!this.#refusing) return;
    if (this.#plan.lateRequests === 'serve') this.late += 1;
    // Whether the whole request is here is known once its bytes are parsed.
    setImmediate(() => this.#watchArrival(connection));
  }

  #onResponseClosed(exchange: Exchange): void {
    if (!this.#exchanges.delete(exchange.request)) return;
    exchange.connection.finish(exchange, this.#clock.now());
    if (this.#refusing) this.#settle();
  }

  #onConnectionClosed(connection: Connection): void {
    this.#stallTimers.get(connection)?.();
    this.#stallTimers.delete(connection);
    // A response that waits behind another, pipelined one is never told that its connection is gone.
    for (const exchange of [...connection.exchanges]) this.#onResponseClosed(exchange);
    if (this.#refusing) this.#settle();
  }

  /** Ends what is left as soon as nothing is in flight. */
  #settle(): void {
    if (this.#server.listening || this.#exchanges.size > 0 || this.#aborted) return;
    if (this.#sweep.isEmpty) return this.#finish();
    this.#sweep.run((connection) => this.#watchArrival(connection));
  }

  /** Upgraded connections belong to whoever upgraded them, and have the time that handlers have at the deadline to end. */
  #finish(): void {
    this.#drained.resolve();
    const destroy = (): void => {
      for (const connection of this.#connections) connection.destroy();
    };
    if (this.#connections.size > 0) this.#clock.setTimeout(destroy, this.#plan.forceGrace, { ref: false });
  }

  /** Bounds the wait for the rest of a request: one that is silent for `stallTimeout`, or whose head takes longer, is ended. */
  #watchArrival(connection: Connection): void {
    if (!connection.receiving || connection.ending || this.#stallTimers.has(connection)) return;
    const { bytesRead } = connection;
    const inHead = connection.exchanges.length === 0;
    const check = (): void => {
      this.#stallTimers.delete(connection);
      if (!connection.receiving) return this.#settle();
      if (connection.bytesRead > bytesRead && !inHead) return this.#watchArrival(connection);
      this.stalled += 1;
      connection.timeOut();
    };
    this.#stallTimers.set(connection, this.#clock.setTimeout(check, this.#plan.stallTimeout));
  }

  /** Puts one listener in place of the server's own, whatever framework they belong to. Health routes still reach those. */
  #refuseRequests(): void {
    if (this.#swapped) return;
    this.#swapped = true;
    for (const event of ['request', 'checkContinue'] as const) {
      const listeners = this.#server.listeners(event) as ((
        request: IncomingMessage,
        response: ServerResponse,
      ) => void)[];
      if (listeners.length === 0) continue;
      this.#server.removeAllListeners(event);
      this.#server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        if (healthRoute(this.#plan, this.#routes.healthPrefix, pathOf(request)) !== undefined) {
          for (const listener of listeners) listener.call(this.#server, request, response);
          return;
        }
        this.refused += 1;
        answerRefused(response, this.#plan.retryAfter);
      });
    }
  }
}
