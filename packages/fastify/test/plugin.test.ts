import { DrainError } from '@drainkit/core';
import type { HttpDrain, RequestSignals } from '@drainkit/core/node';
import defaultExport, { drainPlugin } from '@drainkit/fastify';
import { fakeHost } from '@drainkit/testing';
import { fastify, type FastifyInstance } from 'fastify';
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { connect, done, drainedApp, inFlight, listeningApp, WINDOW } from './drained-app.ts';

describe('the plugin', () => {
  test('is the default export, too', () => {
    expect(defaultExport).toBe(drainPlugin);
  });

  test('decorates the app and every request', async () => {
    const { app, host } = await drainedApp();
    const seen: RequestSignals[] = [];
    await app.register(async (child) => {
      child.get('/child', (request, reply) => {
        seen.push(request.drain);
        expect(child.drain).toBe(app.drain);
        return reply.send('child');
      });
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    expect((await (await connect(app.server)).get('/child').response()).body).toBe('child');
    expect(app.drain.phase).toBe('serving');
    expect(seen[0]?.signal).toBeInstanceOf(AbortSignal);
    expect(seen[0]?.signal).not.toBe(app.drain.signal);
    expect(host.listenerCount('SIGTERM')).toBe(1);
  });

  test('is typed', () => {
    expectTypeOf<FastifyInstance['drain']>().toEqualTypeOf<HttpDrain>();
    fastify().get('/', (request) => {
      expectTypeOf(request.drain).toEqualTypeOf<RequestSignals>();
      expectTypeOf(request.drain.signal).toEqualTypeOf<AbortSignal>();
    });
    // @ts-expect-error: no such option
    void (() => fastify().register(drainPlugin, { windw: 1 }));
  });

  test('registered twice is DRAIN_ALREADY_REGISTERED, in a child as well', async () => {
    const twice = fastify();
    twice.register(drainPlugin, { host: fakeHost() });
    twice.register(drainPlugin, { host: fakeHost() });
    await expect(twice.ready()).rejects.toMatchObject({ name: 'DrainError', code: 'DRAIN_ALREADY_REGISTERED' });
    const nested = fastify();
    nested.register(drainPlugin, { host: fakeHost() });
    nested.register(async (child) => {
      await child.register(drainPlugin, { host: fakeHost() });
    });
    await expect(nested.ready()).rejects.toBeInstanceOf(DrainError);
  });

  test('leaves no listener behind when it is refused', async () => {
    const host = fakeHost();
    const app = fastify();
    app.register(drainPlugin, { host });
    app.register(drainPlugin, { host });
    await expect(app.ready()).rejects.toThrow('DRAIN_ALREADY_REGISTERED');
    expect(host.listenerCount('SIGTERM')).toBe(1);
  });

  test('refuses options that cannot be used, all at once', async () => {
    const app = fastify();
    app.register(drainPlugin, { host: fakeHost(), window: 'soon', deadline: -1 } as never);
    await expect(app.ready()).rejects.toMatchObject({
      code: 'DRAIN_OPTIONS_INVALID',
      message: expect.stringMatching(/window[^]*deadline/) as string,
    });
  });

  test('names a hung request by its route pattern, without the query', async () => {
    const { app, host } = await drainedApp({ window: 0, deadline: 1_000 });
    await app.register(
      async (child) => {
        child.get('/orders/:id', () => new Promise(() => {}));
      },
      { prefix: '/v1' },
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    (await connect(app.server)).get('/v1/orders/7?token=secret');
    await inFlight(app, 1);
    host.signal('SIGTERM');
    await host.advance(1_500);
    const { aborted } = await done(app);
    expect(aborted.map(({ name }) => name)).toEqual(['GET /v1/orders/:id']);
  });

  test('names a hung request by its route pattern, too, where nobody has waited for its registration', async () => {
    const host = fakeHost();
    const app = fastify();
    app.register(drainPlugin, { host, window: 0, deadline: 1_000 });
    app.get('/orders/:token', () => new Promise(() => {}));
    app.register(async (child) => void child.get('/returns/:token', () => new Promise(() => {})), { prefix: '/v1' });
    onTestFinished(() => app.server.closeAllConnections());
    await app.listen({ port: 0, host: '127.0.0.1' });
    for (const path of ['/orders/SECRET', '/v1/returns/SECRET']) (await connect(app.server)).get(path);
    await inFlight(app, 2);
    host.signal('SIGTERM');
    await host.advance(1_500);
    const { aborted } = await done(app);
    expect(aborted.map(({ name }) => name)).toEqual(['GET /orders/:token', 'GET /v1/returns/:token']);
  });
});

describe('registered in a child with a prefix', () => {
  test('has its health routes under that prefix, and drains the whole server', async () => {
    const host = fakeHost();
    const app = fastify();
    let child: FastifyInstance | undefined;
    app.get('/', async () => 'root');
    await app.register(
      async (instance) => {
        await instance.register(drainPlugin, { host, lateRequests: 'refuse' });
        child = instance;
      },
      { prefix: '/api' },
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = await connect(app.server);
    expect((await client.get('/api/ready').response()).status).toBe(200);
    expect((await client.get('/ready').response()).status).toBe(404);
    expect(app.hasDecorator('drain')).toBe(false);
    host.signal('SIGTERM');
    const { headers, body } = await client.get('/').response();
    expect([headers['connection'], body]).toEqual(['close', 'root']);
    await host.advance(WINDOW);
    expect((await done(child ?? app)).outcome).toBe('clean');
    expect(host.exitCode).toBe(0);
  });
});

describe('health routes', () => {
  test('answer HEAD also where the app exposes no HEAD routes', async () => {
    const { app } = await listeningApp({}, { exposeHeadRoutes: false });
    const client = await connect(app.server);
    expect((await client.get('/ready').response()).status).toBe(200);
    expect((await client.request('HEAD', '/ready').response()).status).toBe(200);
  });

  test('are where rewriteUrl leads', async () => {
    const app = fastify({ rewriteUrl: ({ url = '/' }) => url.replace(/^\/svc/, '') });
    onTestFinished(() => app.server.closeAllConnections());
    await app.register(drainPlugin, { host: fakeHost() });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = await connect(app.server);
    expect((await client.get('/svc/ready').response()).status).toBe(200);
    expect((await client.get('/svc/other').response()).status).toBe(404);
  });

  test.each(['/ready/', '/READY', '//ready'])('are on exact paths, however lenient the router is: %s', async (path) => {
    const routerOptions = { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false };
    const { app } = await listeningApp({}, { routerOptions });
    const client = await connect(app.server);
    expect((await client.get(path).response()).status).toBe(404);
    expect((await app.inject(path)).statusCode).toBe(404);
  });

  test('are on the path that the options say, whatever the router would take it for', async () => {
    const { app } = await listeningApp({ health: { ready: '/r/:id', live: '/l/*', startup: false } });
    const client = await connect(app.server);
    for (const [path, status] of [
      ['/r/:id', 200],
      ['/r/7', 404],
      ['/l/*', 200],
      ['/l/7', 404],
      ['/startup', 404],
    ] as const)
      expect([path, (await client.get(path).response()).status]).toEqual([path, status]);
    expect((await app.inject('/r/:id')).statusCode).toBe(200);
    expect((await app.inject('/r/7')).statusCode).toBe(404);
  });

  test('see no hook of the app, and their answers neither', async () => {
    const { app } = await drainedApp();
    const seen: string[] = [];
    app.addHook('onRequest', async (request, reply) => {
      seen.push(request.url);
      return reply.code(401).send();
    });
    app.addHook('onSend', async (_request, _reply, payload) => `altered ${String(payload)}`);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = await connect(app.server);
    expect((await client.get('/').response()).status).toBe(401);
    const { status, body, headers } = await client.get('/ready').response();
    expect([status, body, headers['content-type']]).toEqual([200, '{"status":"pass"}', 'application/health+json']);
    const injected = await app.inject('/healthz');
    expect([injected.statusCode, injected.body]).toEqual([200, '{"status":"pass"}']);
    expect(injected.headers).toMatchObject({ 'content-type': 'application/health+json', 'cache-control': 'no-store' });
    expect(seen).toEqual(['/']);
  });

  test('are injected under the prefix of the plugin', async () => {
    const app = fastify();
    await app.register(
      async (instance) => {
        await instance.register(drainPlugin, { host: fakeHost() });
      },
      { prefix: '/api' },
    );
    expect((await app.inject('/api/ready')).statusCode).toBe(200);
    expect((await app.inject({ method: 'HEAD', url: '/api/ready?x=1' })).statusCode).toBe(200);
    expect((await app.inject('/ready')).statusCode).toBe(404);
  });

  test('are not there for inject() either where they have a port of their own', async () => {
    const { app } = await drainedApp({ health: { port: 0 } });
    expect((await app.inject('/ready')).statusCode).toBe(404);
    await app.close();
  });
});

describe('log lines', () => {
  async function drainWith(options: object, server: object): Promise<string[]> {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const { app, host } = await listeningApp(
      { window: 0, ...options },
      { ...server, logger: { level: 'info', stream } },
    );
    host.signal('SIGTERM');
    await done(app);
    return lines.filter((line) => line.includes('drain'));
  }

  test('go to app.log', async () => {
    const lines = await drainWith({}, {});
    expect(lines[0]).toContain('"drain":"trigger"');
    expect(lines.at(-1)).toContain('"drain":"report"');
  });

  test('are none with logger: false', async () => {
    expect(await drainWith({ logger: false }, {})).toEqual([]);
  });

  test('go to a logger of its own', async () => {
    const own: string[] = [];
    const say = (_fields: object, message: string): void => void own.push(message);
    expect(await drainWith({ logger: { info: say, warn: say, error: say } }, {})).toEqual([]);
    expect(own.at(-1)).toContain('drain: clean');
  });

  test('do not come for each request, nor for probes', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const { app } = await listeningApp({}, { logger: { level: 'info', stream } });
    const client = await connect(app.server);
    const before = lines.length;
    for (const path of ['/ready', '/healthz', '/startup']) await client.get(path).response();
    expect(lines.slice(before)).toEqual([]);
  });

  test('an uncaught error is printed by the host where Fastify has no logger', async () => {
    const { app, host } = await listeningApp({ window: 0 }, { logger: false });
    const error = new Error('oops');
    host.fault(error);
    expect(host.printedFaults).toEqual([{ kind: 'uncaughtException', error }]);
    expect((await done(app)).exitCode).toBe(1);
  });
});
