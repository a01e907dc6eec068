import { once } from 'node:events';
import { createServer as createNetServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drain, DrainOptions } from '@drainkit/core';
import type { HttpDrain } from '@drainkit/core/node';

// What the apps have in common: options and scenes come in through the environment, what happens goes out line by line.

/** OPTIONS: the drain's options, as JSON. */
export const options: DrainOptions = JSON.parse(process.env['OPTIONS'] ?? '{}') as DrainOptions;

/** SCENE: words that change what an app does, such as `hang:cache`. */
const scene = new Set((process.env['SCENE'] ?? '').split(' '));

export function inScene(word: string): boolean {
  return scene.has(word);
}

export function print(line: string): void {
  console.log(line);
}

/** How many listeners the process has for each event, except for those that other packages bring. */
function listenerCounts(): Record<string, number> {
  const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'message', 'disconnect', 'uncaughtException'];
  return Object.fromEntries([...events, 'unhandledRejection'].map((name) => [name, process.listenerCount(name)]));
}

/** Prints what happens to a drain. */
export function tell(drain: Drain, name = ''): void {
  const prefix = name === '' ? '' : `${name} `;
  print(`listeners ${JSON.stringify(listenerCounts())}`);
  drain.on('phase', ({ phase }) => {
    print(`${prefix}phase ${phase}`);
    if (inScene(`throw-in:${phase}`)) setImmediate(throwNowhere);
    if (inScene(`reject-in:${phase}`)) setImmediate(rejectNowhere);
  });
  drain.on('lingering', ({ handles }) => print(`${prefix}lingering ${handles.join(' ')}`));
  drain.on('report', ({ report }) => print(`${prefix}report ${JSON.stringify(report)}`));
  drain.on('report', () => {
    print(`listeners ${JSON.stringify(listenerCounts())}`);
    if (inScene('exit-by-hand')) setTimeout(() => process.exit(7), 450);
  });
  process.once('exit', (code) => print(`exit ${code}`));
  if (inScene('exit-code:5')) process.exitCode = 5;
}

/** Prints where health is served, if it has a port of its own. */
export async function tellHealth({ healthServer }: HttpDrain): Promise<void> {
  await healthServer?.listening;
  if (healthServer !== undefined) print(`health http://127.0.0.1:${healthServer.address?.port}`);
}

const RESOURCES: readonly string[] = ['database', 'cache', 'queue'];

/** Registers three resources; each prints that it closes and that it is closed. */
export function openResources(drain: Drain): void {
  for (const name of RESOURCES) {
    drain.resource(name, async () => {
      print(`closing ${name}`);
      if (inScene(`hang:${name}`) || inScene('hang:all')) await forever();
      await sleep(5);
      print(`closed ${name}`);
    });
  }
}

/** What would keep the process alive after everything is closed. */
export async function stayAlive(): Promise<void> {
  if (inScene('interval')) setInterval(() => {}, 1000);
  if (inScene('net-server')) await once(createNetServer().listen(0, '127.0.0.1'), 'listening');
}

/** What the routes do, whatever framework they belong to. */
export const ROUTES: Readonly<Record<string, (drain: Drain) => Promise<string>>> = {
  '/': async () => 'ok',
  '/slow': async () => {
    print('slow began');
    await sleep(400);
    print('slow done');
    return 'slow';
  },
  '/hang': async () => {
    print('hang began');
    return forever();
  },
  '/throw': async () => {
    setImmediate(throwNowhere);
    return 'ok';
  },
  '/reject': async () => {
    setImmediate(rejectNowhere);
    return 'ok';
  },
  '/abort': async (drain) => {
    drain.abort('lost the lock', 3);
    return 'never sent';
  },
};

/** A promise that never settles, and holds nothing open. */
export function forever<Value>(): Promise<Value> {
  return new Promise(() => {});
}

export function throwNowhere(): void {
  throw new Error('thrown where nobody catches');
}

function rejectNowhere(): void {
  void Promise.reject(new Error('rejected where nobody looks'));
}

/** Takes CONNECT_MS; with CONNECT_FROM=signal from the moment at which the drain begins, and until then as long as that takes. */
export async function connecting(drainSignal: AbortSignal): Promise<void> {
  if (process.env['CONNECT_FROM'] === 'signal') await sleep(30_000, undefined, { signal: drainSignal }).catch(() => {});
  await sleep(Number(process.env['CONNECT_MS']));
}

/** Prints where a server listens, once it does. */
export async function listening(server: Server): Promise<void> {
  if (!server.listening) await once(server, 'listening');
  print(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
