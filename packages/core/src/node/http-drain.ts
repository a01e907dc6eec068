import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import { DrainError } from '../drain-error.ts';
import type { DrainOptions } from '../plan/drain-options.ts';
import { show } from '../plan/drain-plan.ts';
import type { Drainable } from '../drainable.ts';
import type { HealthRoute } from '../health/health.ts';
import { hasReached } from '../phase.ts';
import { ProcessDrain } from '../processes/process-drain.ts';
import { HealthPaths } from './health-paths.ts';
import { HealthServer } from './health-server.ts';
import { LazySignals, type RequestSignals } from './request-signals.ts';
import {
  answerHealth,
  answerRefused,
  isReading,
  type AnyRequest,
  type AnyResponse,
  type Asked,
} from './http-answer.ts';
import { DirectRequests } from './direct-requests.ts';
import { publishEvents } from './event-channels.ts';
import { EventStreamDrainable, type EventStream, type EventStreamOptions } from './event-stream-drainable.ts';
import { Http2Drainable } from './http2-drainable.ts';
import { HttpDrainable } from './http-drainable.ts';
import { ListenerGate } from './listener-gate.ts';
import { turnsAway } from './refusal.ts';
import type { RequestKey, Routes } from './routes.ts';
import { isHttp2Server, isHttpServer } from './server-kind.ts';
import { StreamResponse } from './stream-response.ts';
import type { EngineLike, SocketIoServerLike } from './socket-io-server.ts';
import { WebSocketDrainable, type WebSocketServerLike } from './websocket-drainable.ts';
import type { WebSocketOptions } from './websocket-options.ts';

/** A drain for a process with node:http or node:https servers, any number of them. Make it with `createDrain`. */
export class HttpDrain extends ProcessDrain {
  /** Where the health routes are, if they have a port of their own. Other routes can be mounted on it. */
  readonly healthServer: HealthServer | undefined;
  readonly #servers = new WeakMap<Server, ServerParts>();
  /** Of the servers that are attached now. */
  readonly #http2 = new Set<Http2Drainable>();
  readonly #routes: Routes;
  readonly #healthPaths: HealthPaths;
  #expectsRequests = false;
  /** Whether the drain was begun by whoever waits for it, in a test for one. */
  #isByHand = false;
  /** Those that the doctor is to look at; `undefined` once it has. */
  #unexamined: Set<Server> | undefined = new Set();
  #eventStreams: EventStreamDrainable | undefined;
  #direct: DirectRequests | undefined;

  /** @param routes - what a framework knows of its routes. For adapters. */
  constructor(options: DrainOptions = {}, routes: Partial<Routes> = {}) {
    super(options);
    this.#routes = {
      handling: () => undefined,
      serveHealth: (request, response) => this.#serveHealth(request, response),
      healthPrefix: '',
      ...routes,
      describe: (key) => described(key, routes.describe),
    };
    this.#healthPaths = new HealthPaths(this.plan, this.#routes.healthPrefix);
    publishEvents(this);
    this.on('trigger', ({ trigger }) => (this.#isByHand = trigger.kind === 'close'));
    const { healthPort } = this.plan;
    if (healthPort === false) return;
    const server = new HealthServer(this.plan, healthPort, {
      answer: (route, response) => this.answerHealth(route, response),
      isOver: () => this.phase === 'closed',
      onScraped: () => this.scraped(),
    });
    this.healthServer = server;
    void this.ended.then(() => server.close());
  }

  /**
   * Counts a server's requests and drains it with the others: one of node:http, node:https or node:http2. From now on it
   * answers the health routes, before its own listeners are asked. Attaching it again
   * does nothing. A server that closes by itself is forgotten, and taken back when it listens again.
   *
   * @returns the server.
   * @throws DrainError `DRAIN_SERVER_INVALID`
   */
  attach<AnyServer extends Server>(server: AnyServer): AnyServer {
    if (!isHttpServer(server) && !isHttp2Server(server)) {
      throw new DrainError(
        'DRAIN_SERVER_INVALID',
        `attach() was given ${show(server)}, not a node:http, node:https or node:http2 server`,
      );
    }
    this.#expectsRequests = false;
    if (this.#servers.has(server)) return server;
    if (server.listening) this.#onListening();
    else server.once('listening', () => this.#onListening());
    const parts = this.#take(server);
    parts.http?.takeOpen();
    this.#add(parts);
    return server;
  }

  #onListening(): void {
    this.onListening();
    // What stands right after the call of listen() belongs to the start, too: resources that are registered there.
    setImmediate(() => this.#examineServers());
  }

  #examineServers(): void {
    const servers = this.#unexamined;
    if (servers === undefined) return;
    this.#unexamined = undefined;
    const timeouts = Array.from(servers, (server) => (server as Partial<HttpServer>).keepAliveTimeout);
    this.examine(timeouts.filter((ms) => ms !== undefined));
  }

  /** Makes the parts of a server that is not attached yet. */
  #take(server: Server): ServerParts {
    this.#unexamined?.add(server);
    this.#watch(server);
    const parts = this.#partsFor(server);
    this.#servers.set(server, parts);
    server.on('listening', () => this.#add(parts));
    server.on('close', () => {
      if (this.phase === 'serving') this.#remove(parts);
    });
    return parts;
  }

  #add({ all, http2 }: ServerParts): void {
    for (const part of all) this.add(part);
    if (http2 !== undefined) this.#http2.add(http2);
  }

  #remove({ all, http2 }: ServerParts): void {
    for (const part of all) this.remove(part);
    if (http2 !== undefined) this.#http2.delete(http2);
  }

  #watch(server: Server): void {
    if (server.listening) this.listens(server);
    else server.once('listening', () => this.listens(server));
  }

  #partsFor(server: Server): ServerParts {
    const { plan } = this;
    const { clock } = this.host;
    const hasHttp2 = plan.enabled && isHttp2Server(server);
    // Over TLS an HTTP/2 server may also be spoken to in HTTP/1, and has connections that are still shaking hands.
    const hasHttp1 = plan.enabled && (!hasHttp2 || server instanceof TlsServer);
    const http = hasHttp1 ? new HttpDrainable(server, plan, clock, this.#routes, () => this.#isByHand) : undefined;
    const handshakes = http?.drained() ?? Promise.resolve();
    const http2 = hasHttp2 ? new Http2Drainable(server, plan, clock, this.#routes, handshakes) : undefined;
    if (!plan.enabled) this.#guardHealth(server);
    return { http, http2, all: [http, http2].filter((part) => part !== undefined) };
  }

  /** All there is to do where draining is not enabled. */
  #guardHealth(server: Server): void {
    const { serveHealth } = this.#routes;
    const isHttp2 = isHttp2Server(server);
    new ListenerGate(server, 'request', (...exchange) => !serveHealth(...exchange)).install(!isHttp2);
    if (!isHttp2) return;
    new ListenerGate(server, 'stream', (stream, { ':method': method, ':path': url }) => {
      return !serveHealth({ method, url }, new StreamResponse(stream));
    }).install();
  }

  /**
   * What a framework asks for each request, for those that come to no attached server: a server that nobody attached is
   * attached by its first request, and requests that come without any are counted here. Health routes are answered, and what is
   * to be refused is. Of a request to an attached server all this has been done. For adapters.
   *
   * @returns whether the request goes on to the app.
   */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const server = serverOf(request);
    if (server !== undefined && this.#servers.has(server)) return true;
    this.expectRequests();
    if (server === undefined) return this.#admitsDirect(request, response);
    this.#onListening();
    const parts = this.#take(server);
    this.#add(parts);
    parts.http?.adopt(request, response);
    return !this.handle(request, response);
  }

  #admitsDirect(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.plan.enabled) return !this.handle(request, response);
    this.#direct ??= this.#added(new DirectRequests(this.host.clock, this.#routes));
    this.#direct.greet(response);
    if (this.handle(request, response)) return false;
    this.#direct.take(response);
    return true;
  }

  /**
   * Closes the clients of a WebSocket server in the course of a drain: a close frame for each, spread over the window; who
   * does not answer in time is cut off. It is a WebSocketServer of `ws`, also under @fastify/websocket; or a Server of
   * socket.io, once it is attached to its HTTP server, or its engine, whose polling clients are told with the answer to
   * their poll. Upgraded connections that nobody closes hold the drain until its deadline.
   *
   * @throws DrainError `DRAIN_CLIENTS_INVALID`, listing every problem.
   */
  websockets(server: WebSocketServerLike | SocketIoServerLike | EngineLike, options: WebSocketOptions = {}): void {
    this.add(new WebSocketDrainable(server, options, this.plan, this.host.clock));
  }

  /**
   * Ends a stream of server-sent events in the course of a drain, with a last `retry:`. Ten thousand of them end spread over
   * the window, not in one tick.
   *
   * @throws DrainError `DRAIN_CLIENTS_INVALID`
   */
  eventStream(response: EventStream, options: EventStreamOptions = {}): void {
    this.#eventStreams ??= this.#added(new EventStreamDrainable(this.plan, this.host.clock));
    this.#eventStreams.track(response, options);
  }

  #added<Part extends Drainable>(part: Part): Part {
    this.add(part);
    return part;
  }

  /**
   * Says that requests can come although no server listens, so that a drain has its window: through Fastify's `inject()`, or
   * the server that supertest makes for each request. The first of them says it itself. Once a server is attached, it is that
   * server that counts. For tests.
   */
  expectRequests(): void {
    this.#expectsRequests = true;
  }

  protected override get reachable(): boolean {
    return this.#expectsRequests || super.reachable;
  }

  /** The signals of one request. For a request of a server that is not attached, those of the whole drain. */
  request(request: AnyRequest): RequestSignals {
    if (!this.plan.enabled) return this;
    if ('stream' in request) return this.#streamSignals(request.stream);
    const parts = this.#partsOf(request);
    return parts === undefined ? this : (parts.http?.exchange(request) ?? this.#signalsNow());
  }

  /** A stream that is over does not say any more which server it came to. */
  #streamSignals(stream: ServerHttp2Stream): RequestSignals {
    for (const http2 of this.#http2) {
      const signals = http2.signals(stream);
      if (signals !== undefined) return signals;
    }
    return stream.destroyed ? this.#signalsNow() : this;
  }

  /** For a request that is over: signals that say how things stand, and are kept by nobody. */
  #signalsNow(): RequestSignals {
    const signals = new LazySignals();
    if (this.signal.aborted) signals.announce(this.signal.reason as DrainError);
    if (this.forceSignal.aborted) signals.force(this.forceSignal.reason as DrainError);
    return signals;
  }

  /**
   * Answers a request that is for a health route, or that is to be refused because of the drain: for requests that come
   * to no attached server, which does the same by itself.
   *
   * @returns whether it was answered.
   */
  handle(request: AnyRequest, response: AnyResponse): boolean {
    if (this.#serveHealth(request, response)) return true;
    if (!this.#isRefusing()) return false;
    const parts = this.#partsOf(request);
    ('stream' in request ? parts?.http2 : (parts?.http ?? this.#direct))?.countRefused();
    answerRefused(response, this.plan.retryAfter);
    return true;
  }

  #serveHealth(request: Asked, response: AnyResponse): boolean {
    const route = this.#healthPaths.routeOf(request);
    if (route === undefined || !isReading(request)) return false;
    this.answerHealth(route, response);
    return true;
  }

  /** Answers what a health route says now. For adapters. */
  answerHealth(route: HealthRoute, response: AnyResponse): void {
    const isGone = (): boolean => ('stream' in response ? response.stream.destroyed : response.destroyed);
    const answer = this.health(route, isGone);
    if (answer instanceof Promise) void answer.then((settled) => answerHealth(response, settled));
    else answerHealth(response, answer);
  }

  #partsOf(request: AnyRequest): ServerParts | undefined {
    const server = serverOf(request);
    return server && this.#servers.get(server);
  }

  #isRefusing(): boolean {
    return hasReached(this.phase, 'announcing') && turnsAway(this.plan, hasReached(this.phase, 'draining'));
  }
}

/** A name that cannot be found costs that name, not the list of what is in flight. The path in its place may hold a secret. */
function described(key: RequestKey, describe: Routes['describe'] = () => undefined): string | undefined {
  try {
    return describe(key);
  } catch {
    return '…';
  }
}

/** What is drained of one server: nothing, where draining is not enabled. */
interface ServerParts {
  readonly http: HttpDrainable | undefined;
  readonly http2: Http2Drainable | undefined;
  readonly all: readonly Drainable[];
}

/** The server that a request came to; `undefined` for one that came without any, and may not even have a socket. */
function serverOf(request: { readonly socket: Socket | TLSSocket }): Server | undefined {
  return (request.socket as { readonly server?: Server } | undefined)?.server;
}
