import { Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { DrainCoordinator } from '../drain-coordinator.ts';
import { DrainError } from '../drain-error.ts';
import type { DrainOptions } from '../drain-options.ts';
import { show } from '../drain-plan.ts';
import { healthRoute } from '../health.ts';
import { hasReached } from '../phase.ts';
import type { RequestSignals } from './request-signals.ts';
import { answerHealth, answerRefused, isReading, pathOf } from './http-answer.ts';
import { HttpDrainable, type Routes } from './http-drainable.ts';
import { processHost } from './process-host.ts';

/** A drain for a process with node:http or node:https servers, any number of them. Make it with `createDrain`. */
export class HttpDrain extends DrainCoordinator {
  readonly #servers = new WeakMap<Server, HttpDrainable>();
  readonly #routes: Routes;
  #expectsRequests = false;

  /** @param routes - what a framework knows of its routes. For adapters. */
  constructor(options: DrainOptions = {}, routes: Partial<Routes> = {}) {
    super(options, processHost);
    this.#routes = { describe: () => undefined, handling: () => undefined, healthPrefix: '', ...routes };
  }

  /**
   * Counts a server's requests and drains it with the others. Attaching it again does nothing. A server that closes by
   * itself is forgotten, and taken back when it listens again.
   *
   * @returns the server.
   * @throws DrainError `DRAIN_SERVER_INVALID`
   */
  attach<AnyServer extends Server>(server: AnyServer): AnyServer {
    if (!(server instanceof Server) && !((server as object) instanceof TlsServer)) {
      throw new DrainError(
        'DRAIN_SERVER_INVALID',
        `attach() was given ${show(server)}, not a node:http or node:https server`,
      );
    }
    this.#expectsRequests = false;
    this.#take(server);
    return server;
  }

  #take(server: Server): void {
    if (!this.plan.enabled || this.#servers.has(server)) return;
    const drainable = new HttpDrainable(server, this.plan, this.host.clock, this.#routes);
    this.#servers.set(server, drainable);
    let forget = this.add(drainable);
    server.on('listening', () => {
      forget = this.add(drainable);
    });
    server.on('close', () => {
      if (this.phase === 'serving') forget();
    });
  }

  /**
   * Attaches the server that a request came to, and counts the request, where this has not been done: the first request of
   * a server that nobody attached.
   */
  adopt(request: IncomingMessage, response: ServerResponse): void {
    const server = serverOf(request);
    if (server === undefined || this.#servers.has(server)) return;
    this.#take(server);
    this.#servers.get(server)?.adopt(request, response);
  }

  /**
   * Says that requests can come although no server listens: through Fastify's `inject()`, or the server that supertest
   * makes for each request. Once a server is attached, it is that server that counts. For adapters.
   */
  expectRequests(): void {
    this.#expectsRequests = true;
  }

  protected override get reachable(): boolean {
    return this.#expectsRequests || super.reachable;
  }

  /** The signals of one request. For a request of a server that is not attached, those of the whole drain. */
  request(request: IncomingMessage): RequestSignals {
    const server = serverOf(request);
    return (server && this.#servers.get(server)?.exchange(request)) ?? this;
  }

  /**
   * Answers a request that is for a health route, or that is to be refused because of the drain.
   *
   * @returns whether it was answered.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const route = healthRoute(this.plan, this.#routes.healthPrefix, pathOf(request));
    if (route !== undefined && isReading(request)) {
      answerHealth(response, this.health(route));
      return true;
    }
    if (!this.#isRefusing()) return false;
    answerRefused(response, this.plan.retryAfter);
    return true;
  }

  #isRefusing(): boolean {
    const { refuseDuringWindow, lateRequests } = this.plan;
    if (refuseDuringWindow) return hasReached(this.phase, 'announcing');
    return lateRequests === 'refuse' && hasReached(this.phase, 'draining');
  }
}

/** The server that a request came to. */
export function serverOf(request: IncomingMessage): Server | undefined {
  return (request.socket as { server?: Server }).server;
}
