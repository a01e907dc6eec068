import type { DrainOptions, DrainReport } from '@drainkit/core';
import { drainPlugin } from '@drainkit/fastify';
import { eventually, fakeHost, RawClient, within, type FakeHost, type RawTarget } from '@drainkit/testing';
import { fastify, type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { onTestFinished } from 'vitest';

/** The default window, in milliseconds. */
export const WINDOW = 5_000;

/** A Fastify app with the plugin registered first, and the test's hold on its host and on `GET /slow`. */
export interface DrainedApp {
  readonly app: FastifyInstance;
  readonly host: FakeHost;
  /** Lets go of all that wait in /slow. */
  readonly release: () => void;
  /** How many wait in /slow. */
  readonly waiting: () => number;
}

/** Makes an app with routes `/`, `/slow` (released by the test) and `/hang`; it does not listen yet. */
export async function drainedApp(options: DrainOptions = {}, server: FastifyServerOptions = {}): Promise<DrainedApp> {
  const host = fakeHost();
  const app = fastify(server);
  await app.register(drainPlugin, { host, ...options });
  let waiting: (() => void)[] = [];
  app.get('/', async () => 'fast');
  app.get('/slow', async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return 'slow';
  });
  app.get('/hang', () => new Promise(() => {}));
  onTestFinished(() => {
    app.server.closeAllConnections();
    app.server.close();
  });
  const release = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return { app, host, release, waiting: () => waiting.length };
}

/** The same, listening on a port of 127.0.0.1. */
export async function listeningApp(...args: Parameters<typeof drainedApp>): Promise<DrainedApp> {
  const drained = await drainedApp(...args);
  await drained.app.listen({ port: 0, host: '127.0.0.1' });
  return drained;
}

export async function connect(target: RawTarget): Promise<RawClient> {
  const client = await RawClient.connect(target);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

/** Waits until so many requests are in flight. */
export function inFlight(app: FastifyInstance, count: number): Promise<unknown> {
  return eventually(`${count} requests in flight`, () => app.drain.inFlight === count);
}

/** Waits until the app does not listen. */
export function stopped(app: FastifyInstance): Promise<unknown> {
  return eventually('the listener to close', () => !app.server.listening);
}

/** The report, within a few seconds of real time. */
export function done(app: FastifyInstance): Promise<DrainReport> {
  return within(`the drain to end (it is in '${app.drain.phase}')`, 5_000, app.drain.done);
}

/** What became of a promise, for one that must not be waited for. */
export function watched(promise: PromiseLike<unknown>): { readonly isSettled: () => boolean } {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  return { isSettled: () => settled };
}
