import type { ServerResponse } from 'node:http';
import { deferred, type Deferred } from '../deferred.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import type { Clock } from '../host.ts';
import { pathOf } from './http-answer.ts';
import type { Routes } from './routes.ts';

/**
 * Requests that a framework is asked without a server in between: by Fastify's `inject()`, or by a platform that calls a
 * function. Each is counted until its response is over. They have no connection to be told to leave on, or to be destroyed
 * with: at the deadline they are named, and no longer waited for.
 */
export class DirectRequests implements Drainable {
  readonly name = 'direct requests';
  late = 0;
  refused = 0;
  lastRequestAt: number = -Infinity;
  readonly #clock: Clock;
  readonly #routes: Pick<Routes, 'describe'>;
  readonly #responses = new Map<ServerResponse, number>();
  #announced = false;
  #refusing = false;
  #idle: Deferred<void> | undefined;

  constructor(clock: Clock, routes: Pick<Routes, 'describe'>) {
    this.#clock = clock;
    this.#routes = routes;
  }

  get inFlight(): number {
    return this.#responses.size;
  }

  countRefused(): void {
    this.refused += 1;
  }

  /** Has a response say `Connection: close` where a drain has begun, as those of a server do. */
  greet(response: ServerResponse): void {
    if (this.#announced && !response.headersSent) response.shouldKeepAlive = false;
  }

  /** Counts a request until its response is over. */
  take(response: ServerResponse): void {
    const now = this.#clock.now();
    this.lastRequestAt = now;
    if (this.#refusing) this.late += 1;
    this.#responses.set(response, now);
    const leave = (): void => this.#leave(response);
    response.once('finish', leave);
    response.once('close', leave);
  }

  work(): WorkItem[] {
    const now = this.#clock.now();
    return Array.from(this.#responses, ([{ req }, began]) => ({
      name: `${req.method} ${this.#routes.describe(req) ?? pathOf(req)}`,
      ageMs: now - began,
    }));
  }

  announce(): void {
    this.#announced = true;
    for (const response of this.#responses.keys()) this.greet(response);
  }

  refuse(): void {
    this.#refusing = true;
  }

  drained(): Promise<void> {
    if (this.#responses.size === 0) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }

  force(): void {}

  abort(): void {
    this.#refusing = true;
    this.#responses.clear();
    this.#idle?.resolve();
  }

  #leave(response: ServerResponse): void {
    this.#responses.delete(response);
    if (this.#responses.size === 0) this.#idle?.resolve();
  }
}
