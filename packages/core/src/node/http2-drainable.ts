import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { DrainPlan } from '../drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { healthRoute } from '../health.ts';
import type { Clock } from '../host.ts';
import { Farewell } from './farewell.ts';
import { withoutQuery } from './http-answer.ts';
import type { Routes } from './routes.ts';
import { closeListener } from './listener.ts';
import { refuseRequests } from './request-listeners.ts';
import { LazySignals } from './request-signals.ts';

/** "No more streams, but any of those under way", as RFC 9113 section 6.8 has it: the highest stream id there is. */
const ANY_STREAM = 2 ** 31 - 1;

/** How long, in milliseconds, a peer may take to answer the PING between the two GOAWAYs. */
const PING_TIMEOUT = 100;

class StreamWork extends LazySignals {
  readonly stream: ServerHttp2Stream;
  readonly method: string;
  readonly path: string;
  readonly beganAt: number;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, beganAt: number) {
    super();
    this.stream = stream;
    this.method = headers[':method'] ?? '';
    this.path = withoutQuery(headers[':path'] ?? '');
    this.beganAt = beganAt;
  }
}

/**
 * The HTTP/2 sessions of a server as a Drainable. Keeps its own set of them: `Http2Server#close` of Node 20 and 22 does not.
 *
 * `announce` sends each session a GOAWAY that names the highest stream id: clients open no more streams on it, and what is on
 * its way is served. A session that begins later gets it with its first stream. `refuse` closes the listener and, one round
 * trip later, sends the final GOAWAY; streams in flight finish, and a session ends with its last. `abort` destroys the rest.
 */
export class Http2Drainable implements Drainable {
  readonly name = 'http2';
  readonly stalled = 0;
  late = 0;
  lastRequestAt: number = -Infinity;
  refused = 0;
  readonly #server: Http2Server;
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  readonly #routes: Routes;
  readonly #farewell: Farewell;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #streams = new Map<ServerHttp2Stream, StreamWork>();
  readonly #told = new WeakSet<ServerHttp2Session>();
  readonly #drained = deferred<void>();
  #announced: DrainError | undefined;
  #forced: DrainError | undefined;
  #refusing = false;
  #listenerClosed = false;

  constructor(server: Http2Server, plan: DrainPlan, clock: Clock, routes: Routes) {
    this.#server = server;
    this.#plan = plan;
    this.#clock = clock;
    this.#routes = routes;
    this.#farewell = new Farewell(plan, clock);
    server.on('session', (session) => this.#onSession(session));
    server.on('stream', (stream, headers) => this.#onStream(stream, headers));
    server.on('listening', () => {
      if (this.#refusing) this.#closeListener();
    });
  }

  get inFlight(): number {
    return this.#streams.size;
  }

  get reachable(): boolean {
    return this.#server.listening;
  }

  /** The signals of a stream that is being answered. */
  signals(stream: ServerHttp2Stream): LazySignals | undefined {
    return this.#streams.get(stream);
  }

  work(): WorkItem[] {
    const now = this.#clock.now();
    return Array.from(this.#streams.values(), ({ stream, method, path, beganAt }) => ({
      name: `${method} ${this.#routes.describe(stream) ?? path}`,
      ageMs: now - beganAt,
    }));
  }

  announce(): void {
    if (this.#announced !== undefined) return;
    this.#announced = new DrainError('DRAIN_DRAINING');
    this.#farewell.begin();
    for (const session of this.#sessions) if (this.#farewell.isDue()) this.#tell(session);
    for (const work of this.#streams.values()) work.announce(this.#announced);
    if (this.#plan.refuseDuringWindow) this.#refuseRequests();
  }

  refuse(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    this.#farewell.makeCertain();
    if (this.#plan.lateRequests === 'refuse' && !this.#plan.refuseDuringWindow) this.#refuseRequests();
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
    for (const session of this.#sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    this.#drained.resolve();
  }

  #refuseRequests(): void {
    refuseRequests(this.#server, this.#plan, this.#routes.healthPrefix, () => {
      this.refused += 1;
    });
  }

  #closeListener(): void {
    closeListener(this.#server, () => {
      this.#listenerClosed = true;
      for (const session of this.#sessions) this.#finish(session);
      this.#settle();
    });
  }

  #onSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once('close', () => {
      this.#sessions.delete(session);
      this.#settle();
    });
    if (this.#listenerClosed) this.#finish(session);
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const work = new StreamWork(stream, headers, this.#clock.now());
    this.#streams.set(stream, work);
    stream.once('close', () => this.#onStreamClosed(stream));
    if (this.#announced === undefined) return;
    work.announce(this.#announced);
    if (healthRoute(this.#plan, this.#routes.healthPrefix, work.path) === undefined) this.lastRequestAt = work.beganAt;
    if (this.#forced !== undefined) work.force(this.#forced);
    if (this.#refusing && this.#plan.lateRequests === 'serve') this.late += 1;
    if (stream.session !== undefined && this.#farewell.isDue()) this.#tell(stream.session as ServerHttp2Session);
  }

  #onStreamClosed(stream: ServerHttp2Stream): void {
    const leave = (): void => {
      this.#streams.delete(stream);
      this.#settle();
    };
    const handling = stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : this.#routes.handling(stream);
    if (handling === undefined) leave();
    else handling.then(leave, leave);
  }

  #tell(session: ServerHttp2Session): void {
    if (this.#told.has(session) || session.closed || session.destroyed) return;
    this.#told.add(session);
    session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
  }

  /** The first GOAWAY has reached the client when a PING that was sent after it is answered: then nothing more is on its way. */
  #finish(session: ServerHttp2Session): void {
    if (session.destroyed) return;
    this.#tell(session);
    const close = (): void => {
      cancel();
      if (!session.destroyed) session.close();
    };
    const cancel = this.#clock.setTimeout(close, PING_TIMEOUT);
    try {
      session.ping(close);
    } catch {
      close();
    }
  }

  #settle(): void {
    if (this.#listenerClosed && this.#sessions.size === 0 && this.#streams.size === 0) this.#drained.resolve();
  }
}
