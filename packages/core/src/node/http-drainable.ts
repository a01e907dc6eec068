import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { healthRoute } from '../health/health.ts';
import type { Cancel, Clock } from '../host.ts';
import type { Connection } from './connection.ts';
import { ConnectionSet } from './connection-set.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeSet } from './exchange-set.ts';
import { ArrivalWatch } from './arrival-watch.ts';
import { CoarseClock } from './coarse-clock.ts';
import { Farewell } from './farewell.ts';
import { hiddenProperty } from './hidden-property.ts';
import { answerRefused, pathOf, refuseUpgrade } from './http-answer.ts';
import { IdleSweep } from './idle-sweep.ts';
import { inTurns } from './in-turns.ts';
import { closeListener } from './listener.ts';
import { listenForRequests } from './request-channel.ts';
import { ListenerGate } from './listener-gate.ts';
import { turnsAway } from './refusal.ts';
import type { Routes } from './routes.ts';
import { isHttpServer } from './server-kind.ts';

/**
 * The HTTP/1 connections of a server as a Drainable: of a node:http or node:https server, or of an HTTP/2 server that also
 * speaks HTTP/1.
 *
 * From `announce` on, responses carry `Connection: close` (with the ramp, a growing share of them). `refuse` closes the listener without touching connections;
 * requests that come on open ones are answered. When nothing is in flight, the connections that are left are ended. A bare
 * connect is not waited for; a request that arrives in part has `stallTimeout` to go on. `abort` destroys the rest.
 */
export class HttpDrainable implements Drainable {
  readonly name = 'http';
  late = 0;
  lastRequestAt: number = -Infinity;
  refused = 0;
  readonly #server: Server;
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  readonly #coarseClock: CoarseClock;
  readonly #routes: Routes;
  readonly #isByHand: () => boolean;
  readonly #connections: ConnectionSet;
  readonly #exchanges: ExchangeSet;
  readonly #farewell: Farewell;
  readonly #sweep: IdleSweep;
  readonly #arrivals: ArrivalWatch<Connection>;
  readonly #drained = deferred<void>();
  #stopRequests: Cancel = () => {};
  #announced: DrainError | undefined;
  #forced: DrainError | undefined;
  #refusing = false;
  #aborted = false;

  /** @param isByHand - whether the drain was begun by whoever waits for it: it makes haste then. */
  constructor(server: Server, plan: DrainPlan, clock: Clock, routes: Routes, isByHand: () => boolean = () => false) {
    this.#server = server;
    this.#plan = plan;
    this.#clock = clock;
    this.#coarseClock = new CoarseClock(clock);
    this.#routes = routes;
    this.#isByHand = isByHand;
    this.#connections = new ConnectionSet(server, clock, (connection) => this.#onConnectionClosed(connection));
    this.#exchanges = new ExchangeSet(this.#connections, (exchange) => this.#onResponseClosed(exchange));
    this.#farewell = new Farewell(plan, clock);
    this.#sweep = new IdleSweep(this.#connections, clock);
    this.#arrivals = new ArrivalWatch(clock, plan.stallTimeout);
    // An HTTP/2 server with a listener for requests treats every stream as one.
    new ListenerGate(server, 'request', (request, response) => this.#admit(request, response)).install(
      isHttpServer(server),
    );
    new ListenerGate(server, 'upgrade', (request, socket) => this.#admitUpgrade(request, socket)).install();
    server.on('listening', () => this.#onListening());
  }

  get inFlight(): number {
    return this.#exchanges.size;
  }

  get stalled(): number {
    return this.#arrivals.stalled;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  get reachable(): boolean {
    return this.#server.listening;
  }

  /** What is known of a request that is being answered. */
  exchange(request: IncomingMessage): Exchange | undefined {
    return this.#exchanges.get(request);
  }

  /** Takes in the connections that the server has already. */
  takeOpen(): void {
    for (const socket of openSockets(this.#server)) this.#connections.of(socket);
  }

  /** Counts a request that came before this was there. */
  adopt(request: IncomingMessage, response: ServerResponse): void {
    if (this.#exchanges.has(request) || response.closed) return;
    if (this.#announced === undefined) this.#exchanges.note(request, response, this.#clock.now());
    else this.#onRequest(request, response, this.#announced);
  }

  countRefused(): void {
    this.refused += 1;
  }

  work(): WorkItem[] {
    this.#exchanges.takeStock();
    const now = this.#clock.now();
    const items = Array.from(this.#exchanges, ({ request, beganAt }) => ({
      name: `${request.method} ${this.#routes.describe(request) ?? pathOf(request)}`,
      ageMs: now - beganAt,
    }));
    for (const connection of this.#connections) {
      const { upgradedBy, openedAt, idleSince } = connection;
      if (upgradedBy !== undefined) items.push({ name: `${upgradedBy} (upgraded)`, ageMs: now - openedAt });
      else if (connection.kind(now) === 'partial')
        items.push({ name: 'an incomplete request', ageMs: now - idleSince });
    }
    return items;
  }

  announce(): void {
    if (this.#announced !== undefined) return;
    this.#exchanges.trackAll();
    this.#announced = new DrainError('DRAIN_DRAINING');
    this.#farewell.begin();
    this.#listenForRequests(this.#announced);
    // A handler that is told may answer at once.
    this.#sayFarewell();
    for (const exchange of this.#exchanges) exchange.announce(this.#announced);
  }

  refuse(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    this.#sweep.sparesYoung = !this.#isByHand();
    this.#farewell.makeCertain();
    this.#sayFarewell();
    inTurns(this.#connections, (connection) => this.#arrivals.watch(connection));
    closeListener(this.#server, () => this.#settle());
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  force(): void {
    this.#forced = new DrainError('DRAIN_DEADLINE');
    for (const exchange of this.#exchanges) exchange.force(this.#forced);
  }

  abort(): void {
    this.#aborted = true;
    if (this.#server.listening) this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    this.#finish();
  }

  #onListening(): void {
    if (this.#announced !== undefined) this.#listenForRequests(this.#announced);
    // It began to listen after the drain had closed every listener: it is not left behind.
    if (this.#refusing) closeListener(this.#server, () => this.#settle());
  }

  #listenForRequests(reason: DrainError): void {
    // A server that is only just about to say that it listens has said so before.
    this.#stopRequests();
    this.#stopRequests = listenForRequests(this.#server, (...exchange) => this.#onRequest(...exchange, reason));
  }

  /** What the gate asks for each request, in whatever phase. */
  #admit(request: IncomingMessage, response: ServerResponse): boolean {
    // Streams of HTTP/2 have been asked for elsewhere.
    if (request.httpVersionMajor === 2) return true;
    if (this.#announced === undefined) this.#exchanges.note(request, response, this.#coarseClock.now());
    else if (turnsAway(this.#plan, this.#refusing) && !this.#isForHealth(request)) {
      this.countRefused();
      answerRefused(response, this.#plan.retryAfter);
      return false;
    }
    return !this.#routes.serveHealth(request, response);
  }

  /** What the gate asks for each request for an upgrade, or for a tunnel. */
  #admitUpgrade(request: IncomingMessage, socket: Duplex): boolean {
    // A CONNECT of HTTP/2 is a stream, and counted as one.
    if ('stream' in request) return true;
    if (this.#announced !== undefined) {
      this.lastRequestAt = this.#clock.now();
      if (turnsAway(this.#plan, this.#refusing)) {
        this.countRefused();
        refuseUpgrade(socket, this.#plan.retryAfter);
        return false;
      }
      if (this.#refusing) this.late += 1;
    }
    const connection = this.#connections.of(request.socket);
    if (connection !== undefined) connection.upgradedBy = `${request.method} ${pathOf(request)}`;
    return true;
  }

  /** In a drain. */
  #onRequest(request: IncomingMessage, response: ServerResponse, reason: DrainError): void {
    const connection = this.#connections.of(request.socket);
    if (connection === undefined) return;
    connection.requestAt = this.#clock.now();
    this.#onLateRequest(this.#exchanges.track(connection, response), reason);
  }

  #onLateRequest(exchange: Exchange, reason: DrainError): void {
    const { connection } = exchange;
    if (this.#farewell.isDue()) {
      // Of pipelined requests the last says close: what follows a response that says it is not to be answered (RFC 9112 9.6).
      connection.exchanges.at(-2)?.keepConnectionAfter();
      exchange.endConnectionAfter();
    }
    exchange.announce(reason);
    if (this.#forced !== undefined) exchange.force(this.#forced);
    const isForHealth = this.#isForHealth(exchange.request);
    if (!isForHealth) this.lastRequestAt = exchange.beganAt;
    if (!this.#refusing) return;
    if (this.#plan.lateRequests === 'serve' && !isForHealth) this.late += 1;
    // Whether the whole request is here is known once its bytes are parsed.
    setImmediate(() => this.#arrivals.watch(connection));
  }

  /** Has the responses under way say close, the last one of each connection. */
  #sayFarewell(): void {
    for (const exchange of this.#exchanges) {
      const isLast = exchange.connection.exchanges.at(-1) === exchange;
      if (isLast && this.#farewell.isDue()) exchange.endConnectionAfter();
    }
  }

  #onResponseClosed(exchange: Exchange): void {
    exchange.connection.finish(exchange, this.#clock.now());
    const handling = exchange.response.writableFinished ? undefined : this.#routes.handling(exchange.request);
    if (handling === undefined) return this.#leave(exchange);
    // The client has left, and its handler has not: it may still be using what would be closed under it.
    const leave = (): void => this.#leave(exchange);
    handling.then(leave, leave);
  }

  #leave(exchange: Exchange): void {
    if (this.#exchanges.delete(exchange) && this.#refusing) this.#settle();
  }

  #onConnectionClosed(connection: Connection): void {
    this.#arrivals.forget(connection);
    const { untracked } = connection;
    if (untracked !== undefined && this.#routes.handling(untracked.req) !== undefined)
      this.#exchanges.track(connection, untracked);
    // A response that waits behind another, pipelined one is never told that its connection is gone.
    for (const exchange of [...connection.exchanges]) this.#onResponseClosed(exchange);
    if (this.#refusing) this.#settle();
  }

  #isForHealth(request: IncomingMessage): boolean {
    return healthRoute(this.#plan, this.#routes.healthPrefix, pathOf(request)) !== undefined;
  }

  /** Ends what is left as soon as nothing is in flight. */
  #settle(): void {
    if (this.#server.listening || this.#exchanges.size > 0 || this.#aborted) return;
    if (this.#connections.size === 0) return this.#finish();
    this.#sweep.run((connection) => this.#arrivals.watch(connection));
  }

  #finish(): void {
    this.#stopRequests();
    stopChecking(this.#server);
    this.#drained.resolve();
  }
}

/** The sockets of connections that a server had before anybody looked, as Node keeps them under a symbol that it does not export. */
function openSockets(server: Server): Socket[] {
  const list = hiddenProperty(server, 'http.server.connections') as { all?(): { socket: Socket }[] } | undefined;
  return list?.all?.().map(({ socket }) => socket) ?? [];
}

/**
 * `http.Server#close` would stop the timer with which Node checks for slow requests; closing only the listener leaves it, and
 * with it the server in memory. Node keeps it under a symbol that it does not export.
 */
function stopChecking(server: Server): void {
  clearInterval(hiddenProperty(server, 'http.server.connectionsCheckingInterval') as NodeJS.Timeout | undefined);
}
