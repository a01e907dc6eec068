import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { DrainError } from '../drain-error.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import { ownHealthRoute, type HealthRoute } from '../health/health.ts';
import { throwLater } from '../throw-later.ts';
import { answerEmpty, isReading, pathOf } from './http-answer.ts';

/** Answers requests for one path. */
export type RouteHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What metrics are read from: `register` of prom-client, say. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string> | string;
}

/** Whose health is told. */
export interface HealthServerOwner {
  /** Answers for a health route. */
  answer(route: HealthRoute, response: ServerResponse): void;
  /** Whether the drain is over, so that its figures are final. */
  isOver(): boolean;
  /** Somebody has been sent all of the metrics, as they are. */
  onScraped(): void;
}

/**
 * The health routes on a port of their own, and whatever else is for operators. It listens from the start, answers through
 * the whole drain, and is closed last, after every resource. It holds no drain and keeps no process alive; what it serves
 * is not counted as in flight.
 */
export class HealthServer {
  readonly #plan: DrainPlan;
  readonly #owner: HealthServerOwner;
  readonly #routes = new Map<string, RouteHandler>();
  readonly #server: Server;
  readonly #listening: Promise<void>;
  #closing = false;

  /** Listens at once. A port that cannot be had is an uncaught DrainError `DRAIN_HEALTH_PORT`, as it would be for the app's own. */
  constructor(plan: DrainPlan, port: number, owner: HealthServerOwner) {
    this.#plan = plan;
    this.#owner = owner;
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    this.#server.on('connection', (socket: Socket) => socket.unref());
    this.#server.on('error', (cause) => {
      const detail = `the health routes cannot listen on port ${port}: ${cause.message}`;
      throwLater(new DrainError('DRAIN_HEALTH_PORT', detail, { cause }));
    });
    this.#listening = new Promise((resolve) => this.#server.once('listening', resolve));
    const { healthHost } = plan;
    // Without a host Node listens on every address there is, in IPv6 and IPv4.
    this.#server.listen(healthHost === '*' ? { port } : { port, host: healthHost }).unref();
  }

  /** Fulfilled as soon as it listens. Never rejects. */
  get listening(): Promise<void> {
    return this.#listening;
  }

  /** Where it listens; `undefined` before it does, and once it is closed. */
  get address(): AddressInfo | undefined {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address : undefined;
  }

  /**
   * Has `handler` answer GET and HEAD for one more exact path, whatever the query: metrics, say. Health routes come before
   * it. One that throws or rejects is answered 500, without what it threw.
   */
  route(path: string, handler: RouteHandler): void {
    this.#routes.set(path, handler);
  }

  /**
   * Serves metrics at one more exact path, through the whole drain. With the option `lastScrape` it answers on when all is
   * closed, until they have been asked for and read once more.
   */
  metrics(source: MetricsSource, path = '/metrics'): void {
    this.route(path, async (request, response) => {
      const wasOver = this.#owner.isOver();
      const body = await source.metrics();
      response.on('finish', () => {
        // One that was asked for before the drain was over does not have its last figures.
        if (request.method === 'GET' && this.#owner.isOver() === wasOver) this.#owner.onScraped();
      });
      response.writeHead(200, { 'Content-Type': source.contentType, 'Cache-Control': 'no-store' }).end(body);
    });
  }

  /** Closes it: what is being answered is answered, and no connection stays. */
  close(): void {
    this.#closing = true;
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    response.on('close', () => {
      if (this.#closing) this.#server.closeIdleConnections();
    });
    const path = pathOf(request);
    const route = ownHealthRoute(this.#plan, path);
    const handler = this.#routes.get(path);
    if (route === undefined && handler === undefined) return answerEmpty(response, 404);
    if (!isReading(request)) return answerEmpty(response, 405, { Allow: 'GET, HEAD' });
    if (route !== undefined) return this.#owner.answer(route, response);
    new Promise((done) => done(handler?.(request, response))).catch(() => {
      if (response.headersSent) response.destroy();
      else answerEmpty(response, 500);
    });
  }
}
