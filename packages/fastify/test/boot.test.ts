import { drainPlugin } from '@drainkit/fastify';
import { eventually, fakeHost, within } from '@drainkit/testing';
import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, done, drainedApp, inFlight, listeningApp, stopped, WINDOW } from './drained-app.ts';

describe('a signal during boot', () => {
  test('before the app listens closes what is registered, without a window, and listen() fails', async () => {
    const { app, host } = await drainedApp();
    const order: string[] = [];
    app.drain.resource('database', () => order.push('database'));
    host.signal('SIGTERM');
    const listening = app.listen({ port: 0, host: '127.0.0.1' }).then(
      () => 'listens',
      () => 'fails',
    );
    const { outcome, totalMs } = await done(app);
    expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: 0 });
    expect(order).toEqual(['database']);
    expect(host.exitCode).toBe(0);
    await within('listen() to settle', 5_000, listening);
    await stopped(app);
  });

  test('while plugins are loading is remembered, and leaves no server behind', async () => {
    const host = fakeHost();
    const app = fastify();
    onTestFinished(() => void app.server.close());
    const order: string[] = [];
    let connected = (): void => {};
    app.register(drainPlugin, { host });
    app.register(async (child) => {
      await new Promise<void>((resolve) => (connected = resolve));
      child.drain.resource('database', () => order.push('database'));
    });
    // Closed while it is loading, Fastify promises nothing of listen().
    app.listen({ port: 0, host: '127.0.0.1' }).catch(() => {});
    await eventually('the plugin to be loaded', () => host.listenerCount('SIGTERM') === 1);
    expect(host.signal('SIGTERM')).toBe(true);
    await host.advance(1_000);
    connected();
    const { outcome } = await done(app);
    expect(order).toEqual(['database']);
    expect(outcome).toBe('clean');
    expect(host.exitCode).toBe(0);
    await host.advance(0);
    await stopped(app);
  });

  test('twice ends the process at once', async () => {
    const { app, host } = await drainedApp();
    app.drain.resource('stuck', () => new Promise(() => {}));
    host.signal('SIGTERM');
    host.signal('SIGTERM');
    expect(host.exited).toBe(143);
  });
});

describe('startup', () => {
  test('is 503 from unready() before listening until ready()', async () => {
    const { app } = await drainedApp();
    app.drain.unready('warming up');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = await connect(app.server);
    const statuses = async (): Promise<number[]> => {
      const codes: number[] = [];
      for (const path of ['/startup', '/ready', '/healthz', '/'])
        codes.push((await client.get(path).response()).status);
      return codes;
    };
    expect(await statuses()).toEqual([503, 503, 200, 200]);
    app.drain.ready();
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    app.drain.unready();
    expect(await statuses()).toEqual([200, 503, 200, 200]);
  });
});

describe('inject()', () => {
  const statusOf = async (app: { inject: (url: string) => PromiseLike<{ statusCode: number }> }, url: string) =>
    (await app.inject(url)).statusCode;

  test('answers in every phase until Fastify closes, with the health of that phase', async () => {
    const { app, host } = await drainedApp();
    const job = (await app.ready(), app.drain.enter('job'));
    expect([await statusOf(app, '/ready'), await statusOf(app, '/')]).toEqual([200, 200]);
    host.signal('SIGTERM');
    expect(app.drain.phase).toBe('announcing');
    expect([await statusOf(app, '/ready'), await statusOf(app, '/healthz'), await statusOf(app, '/')]).toEqual([
      503, 200, 200,
    ]);
    await host.advance(WINDOW);
    expect(app.drain.phase).toBe('draining');
    expect([await statusOf(app, '/ready'), await statusOf(app, '/healthz'), await statusOf(app, '/')]).toEqual([
      503, 200, 200,
    ]);
    job.leave();
    expect((await done(app)).outcome).toBe('clean');
  });

  test('sees the signals of the whole drain, which no server tells apart', async () => {
    const { app } = await drainedApp();
    app.get('/signals', (request, reply) => reply.send({ own: request.drain.signal !== app.drain.signal }));
    expect((await app.inject('/signals')).json()).toEqual({ own: false });
  });
});

describe('return503OnClosing', () => {
  test.each([true, false])('%s: no request of the window or of the drain is refused', async (return503OnClosing) => {
    const { app, host, release } = await listeningApp({}, { return503OnClosing });
    const [late, held] = [await connect(app.server), await connect(app.server)];
    await late.get('/').response();
    held.get('/slow');
    await inFlight(app, 1);
    host.signal('SIGTERM');
    expect((await (await connect(app.server)).get('/').response()).status).toBe(200);
    await host.advance(WINDOW);
    await stopped(app);
    expect((await late.get('/').response()).status).toBe(200);
    release();
    expect((await held.response()).status).toBe(200);
    expect((await done(app)).servedLate).toBe(1);
  });
});
