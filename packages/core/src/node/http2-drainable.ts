import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { healthRoute } from '../health/health.ts';
import type { Clock } from '../host.ts';
import { ArrivalWatch } from './arrival-watch.ts';
import { Farewell } from './farewell.ts';
import { answerRefused } from './http-answer.ts';
import { Http2Connection } from './http2-connection.ts';
import { Http2Work } from './http2-work.ts';
import { inTurns } from './in-turns.ts';
import { closeListener } from './listener.ts';
import { ListenerGate } from './listener-gate.ts';
import type { LazySignals } from './request-signals.ts';
import { turnsAway } from './refusal.ts';
import type { Routes } from './routes.ts';
import { StreamResponse } from './stream-response.ts';

/** How many sessions are told to leave, or ended, in one turn of the event loop: each has frames to write. */
const SESSIONS_PER_TURN = 50;

/**
 * The HTTP/2 sessions of a server as a Drainable. Keeps its own set of them: `Http2Server#close` of Node 20 and 22 does not.
 *
 * `announce` asks the clients to open no more streams (see {@link Http2Connection}); one whose session begins later is asked
 * with its first stream. `refuse` closes the listener and then the sessions: streams in flight finish, and a session ends
 * with its last. A request that arrives in part has `stallTimeout` to go on. `abort` destroys the rest.
 */
export class Http2Drainable implements Drainable {
  readonly name = 'http2';
  late = 0;
  lastRequestAt: number = -Infinity;
  refused = 0;
  readonly #server: Http2Server;
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  readonly #routes: Routes;
  readonly #farewell: Farewell;
  readonly #connections = new Map<ServerHttp2Session, Http2Connection>();
  readonly #streams = new Map<ServerHttp2Stream, Http2Work>();
  readonly #arrivals: ArrivalWatch<Http2Work>;
  readonly #drained = deferred<void>();
  #announced: DrainError | undefined;
  #forced: DrainError | undefined;
  #refusing = false;
  #listenerClosed = false;
  #handshakesOver = false;
  #cutOff = 0;

  /** @param handshakes - fulfilled when a drain has seen the end of the last TLS handshake: no session begins after it. */
  constructor(server: Http2Server, plan: DrainPlan, clock: Clock, routes: Routes, handshakes: Promise<void>) {
    this.#server = server;
    this.#plan = plan;
    this.#clock = clock;
    this.#routes = routes;
    this.#farewell = new Farewell(plan, clock);
    this.#arrivals = new ArrivalWatch(clock, plan.stallTimeout);
    server.on('session', (session) => this.#onSession(session));
    new ListenerGate(server, 'stream', (stream, headers) => this.#admit(stream, headers)).install(true);
    server.on('listening', () => {
      if (this.#refusing) this.#closeListener();
    });
    void handshakes.then(() => this.#onHandshakesOver());
  }

  get inFlight(): number {
    return this.#streams.size;
  }

  get stalled(): number {
    return this.#arrivals.stalled + this.#cutOff;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  get reachable(): boolean {
    return this.#server.listening;
  }

  /** The signals of a stream that is being answered. */
  signals(stream: ServerHttp2Stream): LazySignals | undefined {
    return this.#streams.get(stream);
  }

  countRefused(): void {
    this.refused += 1;
  }

  work(): WorkItem[] {
    const now = this.#clock.now();
    return Array.from(this.#streams.values(), ({ stream, method, path, beganAt, isTunnel }) => ({
      name: `${method} ${this.#routes.describe(stream) ?? path}${isTunnel ? ' (upgraded)' : ''}`,
      ageMs: now - beganAt,
    }));
  }

  announce(): void {
    if (this.#announced !== undefined) return;
    this.#announced = new DrainError('DRAIN_DRAINING');
    this.#farewell.begin();
    this.#eachConnection((connection) => {
      if (this.#farewell.isDue()) connection.tell();
    });
    for (const work of this.#streams.values()) work.announce(this.#announced);
  }

  refuse(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    this.#farewell.makeCertain();
    this.#closeListener();
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  force(): void {
    this.#forced = new DrainError('DRAIN_DEADLINE');
    for (const work of this.#streams.values()) work.force(this.#forced);
  }

  abort(): void {
    if (this.#server.listening) this.#server.close();
    for (const connection of this.#connections.values()) connection.destroy();
    this.#drained.resolve();
  }

  #closeListener(): void {
    closeListener(this.#server, () => {
      this.#listenerClosed = true;
      inTurns(this.#streams.values(), (work) => this.#arrivals.watch(work));
      this.#eachConnection((connection) => connection.finish(this.#plan.stallTimeout));
      this.#settle();
    });
  }

  #eachConnection(act: (connection: Http2Connection) => void): void {
    inTurns(this.#connections.values(), act, undefined, SESSIONS_PER_TURN);
  }

  #onHandshakesOver(): void {
    this.#handshakesOver = true;
    this.#settle();
  }

  #onSession(session: ServerHttp2Session): void {
    const onStalled = (): void => void (this.#cutOff += 1);
    const onClosed = (): void => {
      this.#connections.delete(session);
      this.#settle();
    };
    const connection = new Http2Connection(session, this.#clock, onStalled, onClosed);
    this.#connections.set(session, connection);
    if (this.#listenerClosed) connection.finish(this.#plan.stallTimeout);
  }

  /** What the gate asks for each stream, before any handler does, which may ask for its signals at once. */
  #admit(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const work = this.#take(stream, headers);
    const isForHealth = healthRoute(this.#plan, this.#routes.healthPrefix, work.path) !== undefined;
    if (this.#announced !== undefined) this.#onLateStream(work, isForHealth, this.#announced);
    if (isForHealth)
      return !this.#routes.serveHealth({ method: work.method, url: work.path }, new StreamResponse(stream));
    if (this.#announced === undefined || !turnsAway(this.#plan, this.#refusing)) return true;
    this.countRefused();
    answerRefused(new StreamResponse(stream), this.#plan.retryAfter);
    return false;
  }

  #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Http2Work {
    const work = new Http2Work(stream, headers, this.#clock.now());
    this.#streams.set(stream, work);
    this.#connections.get(stream.session as ServerHttp2Session)?.take(stream);
    stream.once('close', () => this.#onStreamClosed(work));
    return work;
  }

  #onLateStream(work: Http2Work, isForHealth: boolean, reason: DrainError): void {
    work.announce(reason);
    if (this.#forced !== undefined) work.force(this.#forced);
    if (!isForHealth) this.lastRequestAt = work.beganAt;
    if (this.#farewell.isDue()) this.#connections.get(work.stream.session as ServerHttp2Session)?.tell();
    if (!this.#refusing) return;
    if (this.#plan.lateRequests === 'serve' && !isForHealth) this.late += 1;
    this.#arrivals.watch(work);
  }

  #onStreamClosed(work: Http2Work): void {
    const { stream } = work;
    this.#arrivals.forget(work);
    const leave = (): void => {
      this.#streams.delete(stream);
      this.#settle();
    };
    const handling = stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : this.#routes.handling(stream);
    if (handling === undefined) leave();
    else handling.then(leave, leave);
  }

  #settle(): void {
    const noneCanCome = this.#listenerClosed && this.#handshakesOver;
    if (noneCanCome && this.#connections.size === 0 && this.#streams.size === 0) this.#drained.resolve();
  }
}
