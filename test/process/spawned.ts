import type { DrainOptions, DrainReport } from '@drainkit/core';
import { RawClient, spawnApp, within } from '@drainkit/testing';
import type { AppExit, RawResponse, SpawnAppOptions, SpawnedApp } from '@drainkit/testing';
import { onTestFinished } from 'vitest';

const APPS = {
  http: new URL('./apps/http-app.ts', import.meta.url),
  express: new URL('./apps/express-app.ts', import.meta.url),
  fastify: new URL('./apps/fastify-app.ts', import.meta.url),
  boot: new URL('./apps/boot-app.ts', import.meta.url),
  'fastify-boot': new URL('./apps/fastify-boot-app.ts', import.meta.url),
  metrics: new URL('./apps/metrics-app.ts', import.meta.url),
  resources: new URL('./apps/resources-app.ts', import.meta.url),
  components: new URL('./apps/components-app.ts', import.meta.url),
  program: new URL('./apps/program-app.ts', import.meta.url),
  'two-drains': new URL('./apps/two-drains-app.ts', import.meta.url),
  companion: new URL('./apps/companion-app.ts', import.meta.url),
  cluster: new URL('./apps/cluster-app.ts', import.meta.url),
  systemd: new URL('./apps/systemd-app.ts', import.meta.url),
  'idle-child': new URL('./apps/idle-child-app.ts', import.meta.url),
};

export type AppName = keyof typeof APPS;

/** The same app, three times. */
export const SERVERS = ['fastify', 'express', 'http'] as const satisfies readonly AppName[];

/** Whether an app has a logger; the plain one has none. */
export function hasLogger(name: (typeof SERVERS)[number]): boolean {
  return name !== 'http';
}

export interface Scene extends SpawnAppOptions {
  /** The drain's options. @default a window of 0 */
  readonly options?: DrainOptions;
  /** What the app does apart from that; see `apps/scene.ts`. */
  readonly scene?: string;
}

/** Starts an app, which does not outlive the test. No DRAIN_* variable of this process reaches it. */
export async function start(name: AppName, { options = {}, scene = '', ...rest }: Scene = {}): Promise<SpawnedApp> {
  const none = Object.keys(process.env).filter((variable) => variable.startsWith('DRAIN_'));
  const app = await spawnApp(APPS[name], {
    ...rest,
    env: {
      ...Object.fromEntries(none.map((variable) => [variable, undefined])),
      OPTIONS: JSON.stringify({ window: 0, ...options }),
      SCENE: scene,
      ...rest.env,
    },
  });
  onTestFinished(() => app.kill());
  return app;
}

export function exitOf(app: SpawnedApp, timeout = 10_000): Promise<AppExit> {
  return within('the app to exit', timeout, app.exited);
}

/** Sends a request on a connection of its own, and waits for nothing. */
export async function request(app: SpawnedApp, path: string): Promise<RawClient> {
  const client = await RawClient.connect(app.url);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client.get(path);
}

export async function get(app: SpawnedApp, path: string): Promise<RawResponse> {
  return (await request(app, path)).response();
}

/** Begins a request that takes a while; resolves when its handler runs. */
export async function begin(app: SpawnedApp, path: '/slow' | '/hang'): Promise<RawClient> {
  const client = await request(app, path);
  await app.waitForLine(`${path.slice(1)} began`);
  return client;
}

/** The lines that the app printed itself, by what they begin with. */
export function told(app: SpawnedApp, ...words: string[]): string[] {
  return app.stdout.filter((line) => words.some((word) => line === word || line.startsWith(`${word} `)));
}

/** The report that the app printed. */
export function reportOf(app: SpawnedApp): DrainReport {
  const line = told(app, 'report')[0];
  if (line === undefined) throw new Error(`the app printed no report:\n${app.output}`);
  return JSON.parse(line.slice('report '.length)) as DrainReport;
}

/** What the resources print when they close as they should. */
export const CLOSED_IN_REVERSE: readonly string[] = [
  'closing queue',
  'closed queue',
  'closing cache',
  'closed cache',
  'closing database',
  'closed database',
];

/** The log lines of one event. */
export function logged(app: SpawnedApp, drain: string): SpawnedApp['logs'] {
  return app.logs.filter((line) => line['drain'] === drain);
}
