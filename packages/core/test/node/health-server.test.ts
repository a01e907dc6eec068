import { eventually, fakeHost, RawClient, within, type FakeHost } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DrainError } from '../../src/drain-error.ts';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import { createDrain } from '../../src/node/create-drain.ts';
import type { HealthServer } from '../../src/node/health-server.ts';
import type { HttpDrain } from '../../src/node/http-drain.ts';
import { catchUncaught } from '../catch-uncaught.ts';
import { http } from './listening.ts';

interface Started {
  readonly host: FakeHost;
  readonly drain: HttpDrain;
  readonly server: HealthServer;
  readonly url: string;
}

async function start(options: DrainOptions = {}): Promise<Started> {
  const host = fakeHost();
  const health = { port: 0, host: '127.0.0.1', ...(options.health === false ? {} : options.health) };
  const drain = createDrain({ host, logger: false, ...options, health });
  const server = drain.healthServer;
  if (server === undefined) throw new Error('health has no port of its own');
  onTestFinished(() => server.close());
  await within('the health server to listen', 2_000, server.listening);
  return { host, drain, server, url: `http://127.0.0.1:${server.address?.port}` };
}

async function connectTo(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

async function ask(url: string, path: string, method = 'GET') {
  return (await connectTo(url)).request(method, path).response();
}

async function said(url: string, path: string): Promise<string> {
  const { status, body } = await ask(url, path);
  return `${status} ${body}`;
}

describe('while the app starts', () => {
  test('it is live, and neither started nor ready before a server listens', async () => {
    const { drain, url } = await start();
    expect(await said(url, '/healthz')).toBe('200 {"status":"pass"}');
    expect(await said(url, '/startup')).toBe('503 {"status":"fail","output":"starting"}');
    expect(await said(url, '/ready')).toBe('503 {"status":"fail","output":"starting"}');
    drain.attach(await http(() => {}));
    expect(await said(url, '/startup')).toBe('200 {"status":"pass"}');
    expect(await said(url, '/ready')).toBe('200 {"status":"pass"}');
  });

  test('a program without a server is ready when it says so', async () => {
    const { drain, url } = await start();
    expect(await said(url, '/ready')).toBe('503 {"status":"fail","output":"starting"}');
    drain.ready();
    expect(await said(url, '/ready')).toBe('200 {"status":"pass"}');
  });

  test('disabled, too, it says when the app has started', async () => {
    const { drain, url } = await start({ enabled: false });
    expect(await said(url, '/startup')).toBe('503 {"status":"fail","output":"starting"}');
    drain.attach(await http(() => {}));
    expect(await said(url, '/startup')).toBe('200 {"status":"pass"}');
  });
});

describe('routes', () => {
  test('HEAD is answered without a body, never to be stored, whatever the query', async () => {
    const { url } = await start();
    const head = await ask(url, '/healthz?token=secret', 'HEAD');
    expect([head.status, head.body, head.headers['cache-control']]).toEqual([200, '', 'no-store']);
  });

  test.each(['/', '/ready/', '/READY', '//ready', '/metrics'])('%s is nothing', async (path) => {
    const { url } = await start();
    expect((await ask(url, path)).status).toBe(404);
  });

  test('nothing can be posted to it', async () => {
    const { url } = await start();
    const { status, headers } = await ask(url, '/healthz', 'POST');
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('the app no longer has the health routes: their paths are its own', async () => {
    const { drain } = await start();
    const handled: boolean[] = [];
    const server = await http((request, response) => {
      handled.push(drain.handle(request, response));
      response.writeHead(404).end();
    });
    const address = drain.attach(server).address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect((await ask(`http://127.0.0.1:${port}`, '/ready')).status).toBe(404);
    expect(handled).toEqual([false]);
  });

  test('others can be mounted on it, and see GET and HEAD of the exact path', async () => {
    const { server, url } = await start();
    server.route('/metrics', (_request, response) => response.end('up 1\n'));
    expect(await said(url, '/metrics?x=1')).toBe('200 up 1\n');
    expect((await ask(url, '/metrics', 'HEAD')).status).toBe(200);
    expect((await ask(url, '/metrics', 'DELETE')).status).toBe(405);
    expect((await ask(url, '/metrics/')).status).toBe(404);
  });

  test('a mounted route that throws or rejects is answered 500, and what it threw is told nobody', async () => {
    const { server, url } = await start();
    server.route('/throws', () => {
      throw new Error('secret');
    });
    server.route('/rejects', async () => Promise.reject(new Error('secret')));
    expect(await said(url, '/throws')).toBe('500 ');
    expect(await said(url, '/rejects')).toBe('500 ');
  });

  test('without health routes it is there for others', async () => {
    const { url, server } = await start({ health: { ready: false, live: false, startup: false } });
    server.route('/metrics', (_request, response) => response.end('up 1\n'));
    expect((await ask(url, '/ready')).status).toBe(404);
    expect(await said(url, '/metrics')).toBe('200 up 1\n');
  });
});

describe('through a drain', () => {
  test('it answers while the last resource closes, and is closed after it', async () => {
    const { host, drain, server, url } = await start({ window: '1s' });
    drain.attach(await http(() => {}));
    let close = (): void => {};
    drain.resource('database', () => new Promise<void>((resolve) => (close = resolve)));
    host.signal('SIGTERM');
    expect(await said(url, '/ready')).toBe('503 {"status":"fail","output":"draining"}');
    await host.advance(1_000);
    await eventually('the drain to close resources', () => drain.phase === 'closing');
    expect(await said(url, '/ready')).toBe('503 {"status":"fail","output":"draining"}');
    expect(await said(url, '/healthz')).toBe('200 {"status":"pass"}');
    close();
    expect((await within('the drain to end', 2_000, drain.done)).outcome).toBe('clean');
    await eventually('the health server to be closed', () => server.address === undefined);
  });

  test('its requests do not hold the drain, its connections do not outlive it, and what is asked is still answered', async () => {
    const { drain, server, url } = await start();
    let answer: (() => void) | undefined;
    server.route('/slow', (_request, response) => void (answer = () => response.end('late')));
    const slow = await connectTo(url);
    const response = slow.get('/slow').response();
    const idle = await connectTo(url);
    await idle.get('/healthz').response();
    await eventually('the slow request to arrive', () => answer !== undefined);
    expect(drain.inFlight).toBe(0);
    expect((await within('the drain to end', 2_000, drain.close())).outcome).toBe('clean');
    await within('the idle connection to end', 2_000, idle.closed);
    answer?.();
    expect((await response).body).toBe('late');
    await within('the busy connection to end', 2_000, slow.closed);
  });

  test('its probes are probes: an adaptive window ends once they have been told', async () => {
    const { host, drain, url } = await start({ window: { min: 0, max: '10s', quiet: 0, probeFailures: 2 } });
    drain.attach(await http(() => {}));
    await said(url, '/ready');
    host.signal('SIGTERM');
    await said(url, '/ready');
    expect(drain.phase).toBe('announcing');
    await said(url, '/ready');
    await host.advance(0);
    const report = await within('the drain to end', 2_000, drain.done);
    expect(report).toMatchObject({ windowEnd: 'quiet', probeFailures: 2 });
  });
});

test('a port that is taken is an uncaught error that says which', async () => {
  const { url } = await start();
  const port = Number(new URL(url).port);
  const errors = catchUncaught();
  createDrain({ host: fakeHost(), logger: false, health: { port, host: '127.0.0.1' } });
  await eventually('an uncaught error', () => errors.length > 0);
  expect(errors).toEqual([expect.any(DrainError)]);
  expect(errors[0]).toMatchObject({ code: 'DRAIN_HEALTH_PORT', cause: { code: 'EADDRINUSE' } });
  expect(String(errors[0])).toContain(`cannot listen on port ${port}`);
});

test('without a port there is no such server', () => {
  expect(createDrain({ host: fakeHost(), logger: false }).healthServer).toBeUndefined();
});

test('a scrape that began before the drain was over, and ends after it, is not the last', async () => {
  const { host, server, url } = await start({ window: 0, lastScrape: '5s' });
  const answers: ((text: string) => void)[] = [];
  server.metrics({ contentType: 'text/plain', metrics: () => new Promise((resolve) => answers.push(resolve)) });
  const scrape = async () => {
    const asked = answers.length + 1;
    const client = (await connectTo(url)).get('/metrics');
    await eventually('the metrics to be asked for', () => answers.length === asked);
    return { finish: (text: string) => (answers.at(asked - 1)?.(text), client.response()) };
  };
  await (await scrape()).finish('up 1');
  const stale = await scrape();
  host.signal('SIGTERM');
  await host.advance(1_000);
  await stale.finish('up 1');
  await host.advance(1_000);
  expect([host.exitCode, host.exited]).toEqual([undefined, undefined]);
  await (await scrape()).finish('up 0');
  await eventually('the process to end', () => host.exitCode === 0);
});
