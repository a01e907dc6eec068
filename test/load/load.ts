import type { DrainReport } from '@drainkit/core';
import { spawnApp, within } from '@drainkit/testing';
import type { AppExit, SpawnAppOptions, SpawnedApp } from '@drainkit/testing';
import { onTestFinished } from 'vitest';
import type { ClientFigures, ClientPlan } from './apps/clients.ts';
import type { ServerTimes } from './apps/server-times.ts';

const APPS = {
  fastify: new URL('./apps/fastify-server.ts', import.meta.url),
  express: new URL('./apps/express-server.ts', import.meta.url),
};
const CLIENTS = new URL('./apps/clients.ts', import.meta.url);

export type ServerName = keyof typeof APPS;

export const SERVERS = ['fastify', 'express'] as const satisfies readonly ServerName[];

/** A count from the environment. */
export function countFrom(variable: string, fallback: number): number {
  const count = Number(process.env[variable] ?? fallback);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${variable} is ${process.env[variable]}, not a count`);
  return count;
}

/** Starts a server with a window of 1.5 s, unless `env` says otherwise; it does not outlive the test. */
export async function startServer(name: ServerName, port = 0, env: SpawnAppOptions['env'] = {}): Promise<SpawnedApp> {
  const app = await spawnApp(APPS[name], { env: { PORT: String(port), DRAIN_WINDOW: '1500', ...env } });
  onTestFinished(() => app.kill());
  return app;
}

/** How a server ended, as it tells itself and as seen from here. */
export interface ServerEnd extends AppExit {
  readonly report: DrainReport;
  /** From the end of the window or the last response, whichever came last, to the first resource's turn. Milliseconds. */
  readonly beforeClosingMs: number;
  /** From the end of the window, the last response or the last resource, whichever came last, to the exit. Milliseconds. */
  readonly afterClosedMs: number;
  /** The same as seen from here: until the system has taken the process down. */
  readonly untilGoneMs: number;
}

/** Sends SIGTERM, and waits for the end. */
export async function drain(app: SpawnedApp): Promise<ServerEnd> {
  const signalled = performance.timeOrigin + performance.now();
  app.signal('SIGTERM');
  const exit = await within('the server to exit', 15_000, app.exited);
  const { report, times } = toldBy(app, 'ended') as { report: DrainReport; times: ServerTimes };
  const answered = Math.max(times.windowEnded, times.lastResponse);
  const closed = Math.max(answered, times.resourcesClosed);
  return {
    ...exit,
    report,
    beforeClosingMs: times.closingBegan - answered,
    afterClosedMs: times.exited - closed,
    untilGoneMs: signalled + exit.ms - closed,
  };
}

/** What a program has printed as JSON after `word`. */
export function toldBy(app: SpawnedApp, word: string): unknown {
  const line = app.stdout.find((text) => text.startsWith(`${word} `));
  if (line === undefined) throw new Error(`the app did not print '${word} …':\n${app.output}`);
  return JSON.parse(line.slice(word.length + 1)) as unknown;
}

/** Starts clients, and waits until each has had an answer. */
export async function startClients(plan: ClientPlan): Promise<SpawnedApp> {
  const app = await spawnApp(CLIENTS, {
    args: [JSON.stringify(plan)],
    ipc: true,
    readyPattern: /^clients running/,
    startTimeout: 15_000,
  });
  onTestFinished(() => app.kill());
  return app;
}

export async function figuresOf(clients: SpawnedApp): Promise<ClientFigures> {
  await clients.waitForLine(/^clients ended/, 20_000);
  return toldBy(clients, 'clients ended') as ClientFigures;
}

/** A balancer of connections in front of them: clients that are refused by the first go to the second. */
export async function startFailover(servers: readonly SpawnedApp[]): Promise<number> {
  const args = servers.map(({ port }) => String(port));
  const app = await spawnApp(new URL('./apps/failover.ts', import.meta.url), { args });
  onTestFinished(() => app.kill());
  return app.port;
}
