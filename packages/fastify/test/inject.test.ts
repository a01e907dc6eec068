import { drainPlugin } from '@drainkit/fastify';
import { eventually, fakeHost, reached } from '@drainkit/testing';
import { fastify } from 'fastify';
import { describe, expect, test } from 'vitest';
import { connect, done, drainedApp, inFlight, listeningApp, watched, WINDOW } from './drained-app.ts';

describe('a request that is injected', () => {
  test('is in flight until it is answered, and app.close() waits for it before any resource closes', async () => {
    const { app } = await drainedApp();
    let isOpen = true;
    app.drain.resource('database', () => (isOpen = false));
    let release = (): void => {};
    app.get('/query', async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return { isOpen };
    });
    const answer = app.inject('/query');
    await inFlight(app, 1);
    const closed = app.close();
    const closing = watched(closed);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([closing.isSettled(), isOpen]).toEqual([false, true]);
    release();
    expect((await answer).json()).toEqual({ isOpen: true });
    await closed;
    expect([isOpen, app.drain.inFlight]).toEqual([false, 0]);
  });

  test('is counted beside those that come to the server, which are counted once', async () => {
    const { app, host, release, waiting } = await listeningApp();
    const client = await connect(app.server);
    client.get('/slow');
    const injected = app.inject('/slow');
    await eventually('both handlers to run', () => waiting() === 2);
    await inFlight(app, 2);
    host.signal('SIGTERM');
    await host.advance(WINDOW);
    expect(app.drain.phase).toBe('draining');
    release();
    expect((await injected).headers['connection']).toBe('close');
    expect((await client.response()).body).toBe('slow');
    expect(await done(app)).toMatchObject({ outcome: 'clean', inFlightAtStart: 2, servedLate: 0 });
  });

  test('holds an app that does not listen in the window, where one has come, and says close', async () => {
    const { app, host } = await drainedApp();
    expect((await app.inject('/')).headers['connection']).toBe('keep-alive');
    host.signal('SIGTERM');
    await reached(app.drain, 'announcing');
    expect((await app.inject('/ready')).statusCode).toBe(503);
    const { statusCode, headers } = await app.inject('/');
    expect([statusCode, headers['connection']]).toEqual([200, 'close']);
    await host.advance(WINDOW - 1);
    expect(app.drain.phase).toBe('announcing');
    await host.advance(1);
    expect(await done(app)).toMatchObject({ outcome: 'clean', windowEnd: 'elapsed' });
  });

  test('is refused where the options say so, and counted as that', async () => {
    const { app, host } = await drainedApp({ refuseDuringWindow: true, retryAfter: '3s' });
    await app.inject('/');
    host.signal('SIGTERM');
    await reached(app.drain, 'announcing');
    const { statusCode, headers } = await app.inject('/');
    expect([statusCode, headers['retry-after'], headers['connection']]).toEqual([503, '3', 'close']);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    await host.advance(WINDOW);
    expect(await done(app)).toMatchObject({ outcome: 'clean', refused: 1 });
  });

  test('is named by its route when it hangs, and no longer waited for', async () => {
    const { app, host } = await drainedApp({ window: 0, deadline: 1_000 });
    app.get('/orders/:token', () => new Promise(() => {}));
    void app.inject('/orders/SECRET');
    await inFlight(app, 1);
    host.signal('SIGTERM');
    await host.advance(1_500);
    const { aborted } = await done(app);
    expect(aborted.map(({ name }) => name)).toEqual(['GET /orders/:token']);
  });

  test('is counted once, and refused, where nobody has waited for the registration of the plugin', async () => {
    const host = fakeHost();
    const app = fastify();
    app.register(drainPlugin, { host, refuseDuringWindow: true });
    let answer = (): void => {};
    app.get('/slow', () => new Promise<string>((resolve) => (answer = () => resolve('slow'))));
    app.register(async (child) => void child.get('/child', async () => 'child'));
    const slow = app.inject('/slow');
    await eventually('the handler to run', () => app.hasDecorator('drain') && app.drain.inFlight === 1);
    expect((await app.inject('/child')).body).toBe('child');
    expect(app.drain.inFlight).toBe(1);
    host.signal('SIGTERM');
    for (const path of ['/slow', '/child']) expect((await app.inject(path)).statusCode).toBe(503);
    answer();
    expect((await slow).body).toBe('slow');
  });

  test('is left alone where draining is not enabled', async () => {
    const { app } = await drainedApp({ enabled: false });
    void app.inject('/hang');
    expect((await app.inject('/')).body).toBe('fast');
    expect((await app.inject('/ready')).statusCode).toBe(200);
    expect(app.drain.inFlight).toBe(0);
  });
});

test('an app that is ready and does not listen has no window: there is nobody to tell', async () => {
  const { app, host } = await drainedApp();
  await app.ready();
  host.signal('SIGTERM');
  await host.advance(0);
  expect(await done(app)).toMatchObject({ outcome: 'clean', windowEnd: 'skipped', totalMs: 0 });
});
