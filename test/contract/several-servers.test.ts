import { hasSubscribers } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DrainOptions } from '@drainkit/core';
import { createDrain, type HttpDrain } from '@drainkit/core/node';
import { eventually, fakeHost, RawClient, reached, within, type FakeHost, type RawTarget } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inFlight, trackSockets, WINDOW } from './contract-server.ts';
import { certificate, listen } from './server-kinds.ts';

/** A drain without a server, and its host. */
function drainOf(options: DrainOptions = {}): { readonly drain: HttpDrain; readonly host: FakeHost } {
  const host = fakeHost();
  return { drain: createDrain({ host, logger: false, ...options }), host };
}

const answerOk: RequestListener = (_request, response) => void response.end('ok');

/** A server that is gone when the test is over. */
function serverOf(listener: RequestListener = answerOk): Server {
  const server = createServer(listener);
  trackSockets(server);
  return server;
}

async function connect(target: RawTarget): Promise<RawClient> {
  const client = await RawClient.connect(target);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

const stopped = (server: Server): Promise<unknown> => eventually('the listener to close', () => !server.listening);

describe('several servers', () => {
  test('drain together: all announce, all close their listeners, and the drain waits for all', async () => {
    const { drain, host } = drainOf();
    let finish = (): void => {};
    const http = drain.attach(serverOf());
    const slow = drain.attach(serverOf((_request, response) => (finish = () => void response.end('slow'))));
    const https = drain.attach(createTlsServer(certificate, answerOk));
    trackSockets(https);
    for (const server of [http, slow, https]) await listen(server);
    const waiting = (await connect(slow)).get('/');
    await inFlight(drain, 1);
    host.signal('SIGTERM');
    for (const server of [http, https]) {
      expect((await (await connect(server)).get('/').response()).headers['connection']).toBe('close');
    }
    await host.advance(WINDOW);
    for (const server of [http, slow, https]) await stopped(server);
    expect(drain.phase).toBe('draining');
    finish();
    expect((await waiting.response()).headers['connection']).toBe('close');
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('share one listener for each signal, which is gone when the drain is over', async () => {
    const { drain, host } = drainOf();
    for (let count = 0; count < 20; count += 1) drain.attach(serverOf());
    expect(host.listenerCount('SIGTERM')).toBe(1);
    expect(host.listenerCount('SIGINT')).toBe(1);
    await drain.close();
    expect(host.listenerCount()).toBe(0);
    expect(host.held).toBe(false);
  });

  test('attaching one twice counts its requests once', async () => {
    const { drain } = drainOf();
    const server = serverOf((_request, response) => void response.write('a'));
    expect(drain.attach(server)).toBe(server);
    expect(drain.attach(server)).toBe(server);
    await listen(server);
    (await connect(server)).get('/');
    await inFlight(drain, 1);
  });

  test('two drains of one server each count its requests', async () => {
    const [first, second] = [drainOf(), drainOf()];
    let finish = (): void => {};
    const server = serverOf((_request, response) => (finish = () => void response.end('ok')));
    for (const { drain } of [first, second]) drain.attach(server);
    await listen(server);
    const client = (await connect(server)).get('/');
    for (const { drain } of [first, second]) await inFlight(drain, 1);
    finish();
    expect((await client.response()).status).toBe(200);
    for (const { drain } of [first, second]) await inFlight(drain, 0);
  });

  test('one that is attached before it says that it listens counts a request once', async () => {
    const { drain } = drainOf();
    let finish = (): void => {};
    const server = serverOf((_request, response) => (finish = () => void response.end('ok'))).listen(0, '127.0.0.1');
    drain.attach(server);
    await eventually('the server to listen', () => server.address() !== null);
    const client = (await connect(server)).get('/');
    await inFlight(drain, 1);
    expect(drain.inFlight).toBe(1);
    finish();
    await client.response();
    await inFlight(drain, 0);
  });

  test.each([[null], [undefined], [{}], ['http://localhost'], [answerOk]])(
    'attach(%s) is refused with DRAIN_SERVER_INVALID',
    (wrong) => {
      const { drain } = drainOf();
      expect(() => drain.attach(wrong as never)).toThrow(expect.objectContaining({ code: 'DRAIN_SERVER_INVALID' }));
    },
  );

  test('a unix socket drains as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drainkit-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'app.sock');
    const { drain, host } = drainOf();
    let finish = (): void => {};
    const server = drain.attach(serverOf((_request, response) => (finish = () => void response.end('slow'))));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = (await connect({ path })).get('/');
    await inFlight(drain, 1);
    host.signal('SIGTERM');
    await host.advance(WINDOW);
    await stopped(server);
    await expect(RawClient.connect({ path })).rejects.toMatchObject({ reason: 'refused' });
    finish();
    expect((await client.response()).headers['connection']).toBe('close');
    expect(await client.closed).toBe('fin');
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });
});

describe('a server that is attached', () => {
  test('after it has begun to listen is drained with the connections that come from then on', async () => {
    const { drain, host } = drainOf();
    const server = serverOf();
    await listen(server);
    drain.attach(server);
    const client = await connect(server);
    expect((await client.get('/').response()).headers['connection']).not.toBe('close');
    host.signal('SIGTERM');
    expect((await client.get('/').response()).headers['connection']).toBe('close');
    await host.advance(WINDOW);
    await stopped(server);
    expect((await within('the drain to end', 5_000, drain.done)).totalMs).toBe(WINDOW);
  });

  test('while announcing announces, too', async () => {
    const { drain, host } = drainOf();
    await listen(drain.attach(serverOf()));
    host.signal('SIGTERM');
    const second = serverOf();
    await listen(drain.attach(second));
    expect((await (await connect(second)).get('/').response()).headers['connection']).toBe('close');
    await host.advance(WINDOW);
    await stopped(second);
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });

  test.each(['draining', 'closing', 'closed'] as const)('while %s does not stay open', async (phase) => {
    const { drain, host } = drainOf();
    let letGo = (): void => {};
    const work = drain.enter('job');
    drain.resource('held', () => new Promise<void>((resolve) => (letGo = resolve)));
    host.signal('SIGTERM');
    if (phase !== 'draining') {
      work.leave();
      await reached(drain, 'closing');
    }
    if (phase === 'closed') {
      letGo();
      await reached(drain, 'closed');
    }
    expect(drain.phase).toBe(phase);
    const server = serverOf();
    await listen(server);
    drain.attach(server);
    await stopped(server);
    work.leave();
    await reached(drain, 'closing');
    letGo();
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('but begins to listen only while draining does not stay open', async () => {
    const { drain, host } = drainOf();
    const work = drain.enter('job');
    const server = drain.attach(serverOf());
    host.signal('SIGTERM');
    expect(drain.phase).toBe('draining');
    await listen(server);
    await stopped(server);
    work.leave();
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('but never listens holds no drain up, and needs no window', async () => {
    const { drain, host } = drainOf();
    drain.attach(serverOf());
    host.signal('SIGTERM');
    expect((await within('the drain to end', 5_000, drain.done)).totalMs).toBe(0);
  });

  test('and closes by itself is forgotten', async () => {
    const { drain, host } = drainOf();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    for (let count = 0; count < 15; count += 1) {
      const server = drain.attach(serverOf());
      await listen(server);
      const client = await connect(server);
      await client.get('/', { headers: { Connection: 'close' } }).response();
      await new Promise((resolve) => server.close(resolve));
    }
    expect(drain.inFlight).toBe(0);
    expect(hasSubscribers('http.server.request.start')).toBe(false);
    host.signal('SIGTERM');
    // Nobody can be told: there is no window.
    expect((await within('the drain to end', 5_000, drain.done)).totalMs).toBe(0);
    expect(warnings).toEqual([]);
  });

  test('is attached again has no listener added to it', () => {
    const { drain } = drainOf();
    const server = drain.attach(serverOf());
    const counts = (): number[] => server.eventNames().map((name) => server.listenerCount(name));
    const before = counts();
    drain.attach(server);
    expect(counts()).toEqual(before);
  });

  test('closes by itself, and listens again, is drained again', async () => {
    const { drain, host } = drainOf();
    const server = drain.attach(serverOf());
    await listen(server);
    await new Promise((resolve) => server.close(resolve));
    await listen(server);
    host.signal('SIGTERM');
    expect(drain.phase).toBe('announcing');
    expect((await (await connect(server)).get('/').response()).headers['connection']).toBe('close');
    await host.advance(WINDOW);
    await stopped(server);
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('and is closed by its owner during the drain does not disturb it', async () => {
    const { drain, host } = drainOf();
    const server = drain.attach(serverOf());
    await listen(server);
    host.signal('SIGTERM');
    const closed = new Promise((resolve) => server.close(resolve));
    await host.advance(WINDOW);
    await within('the server to close', 5_000, closed);
    expect((await within('the drain to end', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('is as good as closed when the drain is over: it emits close, and keeps no connection', async () => {
    const { drain } = drainOf();
    const server = drain.attach(serverOf());
    await listen(server);
    const client = await connect(server);
    await client.get('/').response();
    const closed = new Promise<void>((resolve) => server.once('close', resolve));
    await within('the drain to end', 5_000, drain.close());
    await within('the server to emit close', 5_000, closed);
    expect(await client.closed).toBe('fin');
    expect(hasSubscribers('http.server.request.start')).toBe(false);
  });
});

describe('the signal of the whole drain', () => {
  test('gathers no listeners of requests, also of those whose client has left before they ask', async () => {
    const { drain } = drainOf();
    const listeners = (): number => getEventListeners(drain.signal, 'abort').length;
    // The drain has some of its own.
    const own = listeners();
    const left: Promise<void>[] = [];
    const listener: RequestListener = (request, response) => {
      const { signal } = drain.request(request);
      signal.addEventListener('abort', () => {}, { once: true });
      if (request.url === '/') return void response.end('ok');
      const closed = new Promise<void>((resolve) => response.on('close', resolve));
      left.push(closed.then(() => drain.request(request).signal.addEventListener('abort', () => {}, { once: true })));
    };
    const server = drain.attach(serverOf(listener));
    await listen(server);
    const client = await connect(server);
    for (let count = 0; count < 20; count += 1) await client.get('/').response();
    expect(listeners()).toBe(own);
    for (let count = 1; count <= 20; count += 1) {
      const leaving = (await connect(server)).get('/leave');
      await eventually('the request to arrive', () => left.length === count);
      leaving.reset();
    }
    await within('the clients to have left', 5_000, Promise.all(left));
    expect(listeners()).toBe(own);
  });
});

describe('a handler that says keep-alive itself', () => {
  test('does not hold the drain', async () => {
    const { drain, host } = drainOf();
    let finish = (): void => {};
    const listener: RequestListener = (request, response) => {
      const answer = (): void => void response.writeHead(200, { Connection: 'keep-alive' }).end('ok');
      if (request.url === '/slow') finish = answer;
      else answer();
    };
    const server = drain.attach(serverOf(listener));
    await listen(server);
    const [slow, fast] = [await connect(server), await connect(server)];
    slow.get('/slow');
    await inFlight(drain, 1);
    host.signal('SIGTERM');
    await fast.get('/').response();
    await host.advance(WINDOW);
    await stopped(server);
    finish();
    await slow.response();
    expect(await within('the connection to end', 5_000, fast.closed)).toBe('fin');
    // It was told that it may stay: it is given the moment in which its next request may be on the way.
    await host.advance(100);
    expect(await within('the connection to end', 5_000, slow.closed)).toBe('fin');
    expect((await within('the drain to end', 5_000, drain.done)).totalMs).toBe(WINDOW + 100);
  });
});

describe('pipelined requests with a handler that answers before the next one is parsed', () => {
  test('end with the answer that says close; the rest is left to the client to send again', async () => {
    const { drain, host } = drainOf();
    const server = drain.attach(serverOf((request, response) => void response.end(request.url)));
    await listen(server);
    const client = await connect(server);
    await client.get('/0').response();
    host.signal('SIGTERM');
    client.send(['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    const { body, headers } = await client.response();
    expect([body, headers['connection']]).toEqual(['/1', 'close']);
    await expect(client.response()).rejects.toMatchObject({ reason: 'fin' });
    await inFlight(drain, 0);
  });
});
