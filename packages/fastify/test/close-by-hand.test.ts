import { once } from 'node:events';
import { eventually, reached, within } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { connect, done, inFlight, listeningApp, watched, WINDOW } from './drained-app.ts';

/** Closes an app within real time, for a close that hangs is what these tests are about. */
function close(app: { close: () => PromiseLike<unknown> }): Promise<unknown> {
  return within('app.close()', 5_000, app.close());
}

describe('app.close() by hand', () => {
  test('has no window, closes the resources before it resolves, and leaves the process alive', async () => {
    const { app, host } = await listeningApp();
    const order: string[] = [];
    app.drain.resource('database', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('database');
    });
    await close(app);
    expect(order).toEqual(['database']);
    expect(app.drain.phase).toBe('closed');
    const { outcome, totalMs, trigger } = await done(app);
    expect({ outcome, totalMs, trigger: trigger.kind }).toEqual({ outcome: 'clean', totalMs: 0, trigger: 'close' });
    await host.advance(60_000);
    expect([host.exitCode, host.exited]).toEqual([undefined, undefined]);
    expect(host.listenerCount()).toBe(0);
  });

  test('waits for what is in flight, however long that takes', async () => {
    const { app, host, release } = await listeningApp();
    const client = (await connect(app.server)).get('/slow');
    await inFlight(app, 1);
    const closing = app.close();
    const { isSettled } = watched(closing);
    await host.advance(10_000);
    expect([isSettled(), app.drain.phase]).toEqual([false, 'draining']);
    release();
    const { status, body, headers } = await client.response();
    expect([status, body, headers['connection']]).toEqual([200, 'slow', 'close']);
    await within('app.close()', 5_000, closing);
    expect((await done(app)).outcome).toBe('clean');
  });

  test('destroys at the deadline what hangs, and resolves', async () => {
    const { app, host } = await listeningApp({ deadline: 1_000 });
    (await connect(app.server)).get('/hang');
    await inFlight(app, 1);
    const closing = app.close();
    await host.advance(1_500);
    await within('app.close()', 5_000, closing);
    const { outcome, aborted } = await done(app);
    expect([outcome, aborted.map(({ name }) => name)]).toEqual(['timed-out', ['GET /hang']]);
    expect(host.exitCode).toBeUndefined();
  });

  test('does not wait out an idle keep-alive connection, nor one that was busy', async () => {
    const { app, release } = await listeningApp({}, { keepAliveTimeout: 72_000 });
    const [idle, busy] = [await connect(app.server), await connect(app.server)];
    await idle.get('/').response();
    busy.get('/slow');
    await inFlight(app, 1);
    const closing = app.close();
    await reached(app.drain, 'draining');
    release();
    expect((await busy.response()).headers['connection']).toBe('close');
    const began = performance.now();
    await within('app.close()', 5_000, closing);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await within('the connection to end', 5_000, idle.closed)).toBe('fin');
    expect(await within('the connection to end', 5_000, busy.closed)).toBe('fin');
  });

  test('does not wait out a connection whose answer went out in that very moment', async () => {
    const { app, release } = await listeningApp({}, { keepAliveTimeout: 72_000 });
    const client = (await connect(app.server)).get('/slow');
    await inFlight(app, 1);
    const closing = app.close();
    release();
    expect((await client.response()).body).toBe('slow');
    await within('app.close()', 2_000, closing);
    expect(await within('the connection to end', 5_000, client.closed)).toBe('fin');
  });

  test('is not held up by half a request beyond the stall timeout, nor by a bare connect', async () => {
    const { app, host } = await listeningApp();
    await connect(app.server);
    const half = (await connect(app.server)).half('/');
    await eventually('both connections', async () => (await connectionsOf(app.server)) === 2);
    await host.advance(100);
    const closing = app.close();
    await host.advance(2_000);
    await within('app.close()', 5_000, closing);
    expect((await half.response()).status).toBe(408);
    expect((await done(app)).totalMs).toBe(2_000);
  });

  test('during the window ends it', async () => {
    const { app, host } = await listeningApp();
    host.signal('SIGTERM');
    await host.advance(1_000);
    expect(app.drain.phase).toBe('announcing');
    await close(app);
    const { totalMs, trigger } = await done(app);
    expect({ totalMs, trigger: trigger.reason }).toEqual({ totalMs: 1_000, trigger: 'SIGTERM' });
    expect(host.exitCode).toBe(0);
  });

  test('while draining waits for the same drain', async () => {
    const { app, host, release } = await listeningApp();
    const client = (await connect(app.server)).get('/slow');
    await inFlight(app, 1);
    host.signal('SIGTERM');
    await host.advance(WINDOW);
    expect(app.drain.phase).toBe('draining');
    const order: string[] = [];
    app.drain.resource('database', () => order.push('database'));
    const closing = app.close();
    release();
    expect((await client.response()).body).toBe('slow');
    await within('app.close()', 5_000, closing);
    expect(order).toEqual(['database']);
    expect(host.exitCode).toBe(0);
  });

  test('twice at once closes once', async () => {
    const { app } = await listeningApp();
    let closed = 0;
    app.drain.resource('database', () => (closed += 1));
    await Promise.all([close(app), close(app)]);
    await close(app);
    expect(closed).toBe(1);
  });

  test('by await using works as well', async () => {
    const { app } = await listeningApp();
    let closed = 0;
    app.drain.resource('database', () => (closed += 1));
    await within('app[Symbol.asyncDispose]()', 5_000, app[Symbol.asyncDispose]());
    expect(closed).toBe(1);
  });

  test('after the drain is over resolves', async () => {
    const { app, host } = await listeningApp({ window: 0 });
    host.signal('SIGTERM');
    await done(app);
    await close(app);
    expect(app.server.listening).toBe(false);
  });

  test('closes the resources of an app that never listened', async () => {
    const { app } = await listeningApp();
    const server = once(app.server, 'close');
    let closed = 0;
    app.drain.resource('database', () => (closed += 1));
    await close(app);
    await within('the server to emit close', 5_000, server);
    expect(closed).toBe(1);
  });
});

describe('a signal during app.close()', () => {
  test('makes the process end when it is done', async () => {
    const { app, host, release } = await listeningApp();
    const client = (await connect(app.server)).get('/slow');
    await inFlight(app, 1);
    const closing = app.close();
    await host.advance(0);
    host.signal('SIGTERM');
    expect([app.drain.phase, host.exited]).toEqual(['draining', undefined]);
    release();
    expect((await client.response()).body).toBe('slow');
    await within('app.close()', 5_000, closing);
    expect((await done(app)).outcome).toBe('clean');
    expect(host.exitCode).toBe(0);
  });

  test('and a second one ends it at once', async () => {
    const { app, host } = await listeningApp();
    (await connect(app.server)).get('/hang');
    await inFlight(app, 1);
    void app.close();
    await host.advance(0);
    host.signal('SIGTERM');
    host.signal('SIGTERM');
    expect(host.exited).toBe(143);
  });
});

async function connectionsOf(server: {
  getConnections: (done: (error: Error | null, count: number) => void) => void;
}): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
