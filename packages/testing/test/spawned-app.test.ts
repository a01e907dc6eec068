import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, within } from '../src/eventually.ts';
import { RawClient } from '../src/raw-client.ts';
import { spawnApp } from '../src/spawn-app.ts';
import type { SpawnAppOptions } from '../src/spawn-app.ts';
import type { SpawnedApp } from '../src/spawned-app.ts';
import { TimedOutError } from '../src/timed-out-error.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

async function spawn(name: string, options?: SpawnAppOptions): Promise<SpawnedApp> {
  const app = await spawnApp(fixture(name), options);
  onTestFinished(() => app.kill());
  return app;
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error as Error,
  );

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('an app is ready once it says where it listens, and answers there', async () => {
  const app = await spawn('plain-app.js', { args: ['from an argument'] });
  expect(app.url).toBe(`http://127.0.0.1:${app.port}`);
  expect(app.stdout).toContain(`listening on ${app.url}`);
  const client = await RawClient.connect(app.url);
  onTestFinished(() => client[Symbol.asyncDispose]());
  expect(await client.get('/').response()).toMatchObject({ body: 'from an argument' });
});

test('a signal is real, and the exit tells its code and how long it took', async () => {
  const app = await spawn('plain-app.js');
  await sleep(100);
  expect(app.signal('SIGTERM')).toBe(true);
  const exit = await within('the app to exit', 5000, app.exited);
  expect(exit).toMatchObject({ code: 7, signal: null });
  expect(exit.ms).toBeGreaterThanOrEqual(45);
  expect(exit.ms).toBeLessThan(5000);
  expect(app.stderr).toEqual(['bye']);
  expect(app.isAlive).toBe(false);
  expect(app.signal('SIGTERM')).toBe(false);
});

test('a signal that nobody handles is told as such', async () => {
  const app = await spawn('plain-app.js');
  app.signal('SIGKILL');
  expect(await within('the app to exit', 5000, app.exited)).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('the environment is added to, and taken from', async () => {
  process.env['GREETING'] = 'inherited';
  onTestFinished(() => void delete process.env['GREETING']);
  for (const [env, body] of [
    [{}, 'inherited'],
    [{ GREETING: 'given' }, 'given'],
    [{ GREETING: undefined }, 'hello'],
  ] as const) {
    const app = await spawn('plain-app.js', { env });
    const client = await RawClient.connect(app.url);
    expect(await client.get('/').response()).toMatchObject({ body });
    await client[Symbol.asyncDispose]();
  }
});

test('a line as Fastify logs it says that the app is ready, and JSON lines are parsed', async () => {
  const app = await spawn('pino-app.js');
  expect(app.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(app.logs).toEqual([
    { level: 30, msg: 'boot' },
    { level: 30, msg: `Server listening at ${app.url}` },
  ]);
  expect(JSON.parse(await app.waitForLine(/^boot$/))).toMatchObject({ msg: 'boot' });
});

test('a message with a port says that the app is ready, and messages go both ways', async () => {
  const app = await spawn('ipc-app.js', { ipc: true });
  expect(app.port).toBe(4321);
  await app.send('shutdown');
  expect(await within('the app to exit', 5000, app.exited)).toMatchObject({ code: 0 });
  expect(app.messages).toEqual([{ port: 4321 }, 'ending']);
  await expect(app.send('shutdown')).rejects.toThrow('no IPC channel');
});

test('a TypeScript app runs on every Node', async () => {
  const app = await spawn('typed-app.ts');
  expect(app.url).toBe('http://localhost:4321');
});

test('a ready pattern of your own may tell the port, or none', async () => {
  const told = await spawn('silent-app.js', { readyPattern: /^port is (\d+)$/ });
  expect(told.url).toBe('http://127.0.0.1:4321');
  const silent = await spawn('silent-app.js', { readyPattern: /^up$/ });
  expect(() => silent.port).toThrow('the app told no address; it printed:\nup');
});

test('an app that ends before it is ready is an error that shows what it printed', async () => {
  const error = await failure(spawnApp(fixture('broken-app.js')));
  expect(error.message).toBe('the app ended (code 3) before it was ready; it printed:\nno database');
});

test('an app that is not ready in time is killed, and the error shows what it printed', async () => {
  const error = await failure(spawnApp(fixture('silent-app.js'), { startTimeout: 2000 }));
  expect(error).toBeInstanceOf(TimedOutError);
  expect(error.message).toBe('timed out after 2000 ms waiting for the app to be ready');
  const { message } = error.cause as Error;
  expect(message).toContain('it printed:\nup\nport is 4321');
  expect(isRunning(Number(/pid is (\d+)/.exec(message)?.[1]))).toBe(false);
});

test('a Node that is not there is an error', async () => {
  expect(await failure(spawnApp(fixture('plain-app.js'), { nodePath: '/nowhere/node' }))).toMatchObject({
    code: 'ENOENT',
  });
});

test('waitForLine finds lines that are there and lines to come, and is bounded', async () => {
  const app = await spawn('plain-app.js');
  expect(await app.waitForLine('start')).toBe('starting');
  const bye = app.waitForLine(/^bye$/);
  const error = await failure(app.waitForLine('never', 30));
  expect(error.message).toBe('timed out after 30 ms waiting for the app to print never');
  expect((error.cause as Error).message).toContain('starting');
  const never = failure(app.waitForLine('never'));
  app.signal('SIGTERM');
  expect(await bye).toBe('bye');
  expect((await never).message).toContain('the app ended (code 7) before it printed never');
});

test('an app that is killed is gone', async () => {
  const app = await spawn('plain-app.js');
  expect(isRunning(app.pid)).toBe(true);
  await app[Symbol.asyncDispose]();
  await app.kill();
  await eventually('the process to be gone', () => !isRunning(app.pid));
});

test('an app does not outlive a process that exits without killing it', async () => {
  const app = await spawn('careless-parent.ts', { readyPattern: /^its app is \d+$/ });
  const pid = Number(/\d+/.exec(await app.waitForLine('its app is'))?.[0]);
  expect(isRunning(pid)).toBe(true);
  app.signal('SIGTERM');
  await within('the parent to exit', 5000, app.exited);
  await eventually('its app to be gone', () => !isRunning(pid));
});
