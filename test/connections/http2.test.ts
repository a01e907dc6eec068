import { once } from 'node:events';
import {
  connect,
  createSecureServer,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type Http2ServerRequest,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ServerResponse } from 'node:http';
import { connect as connectPlain, type Server } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { DrainOptions } from '@drainkit/core';
import { createDrain, type HttpDrain, type RequestSignals } from '@drainkit/core/node';
import { drainPlugin } from '@drainkit/fastify';
import { eventually, fakeHost, RawClient, within, type FakeHost } from '@drainkit/testing';
import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trackSockets } from '../contract/contract-server.ts';
import { certificate, listen } from '../contract/server-kinds.ts';
import { HeldHandshake } from '../contract/held-handshake.ts';
import { DEADLINE, DrainedServer, FORCE_GRACE, STALL, WINDOW } from './drained-server.ts';
import { RawHttp2Client } from './raw-http2-client.ts';
import { TRANSPORTS, type Transport } from './transports.ts';

const [h2c, h2] = TRANSPORTS.filter(({ http2 }) => http2) as [Transport, Transport];

const ANY_STREAM = 2 ** 31 - 1;

/** How long a client may take to answer a FIN, in milliseconds. */
const LINGER = 500;

describe('GOAWAY', () => {
  test('over plain TCP it comes twice: a notice that names no stream, then one that names the last', async () => {
    const server = await DrainedServer.start(h2c);
    const client = await RawHttp2Client.connect(server.port, false);
    const slow = client.request('GET', '/slow');
    await server.called('/slow');
    await server.drainNow();
    await eventually('two GOAWAYs', () => client.goaways.length === 2);
    expect(client.goaways).toEqual([
      { lastStream: ANY_STREAM, code: 0 },
      { lastStream: slow, code: 0 },
    ]);
    server.release();
    await eventually('the answer', () => client.stream(slow).ended);
    expect(await within('the session to end', 5_000, client.closed)).toBe('fin');
    expect((await server.done()).outcome).toBe('clean');
  });

  test('a request that crosses the notice, or comes before the PING is answered, is served', async () => {
    const server = await DrainedServer.start(h2c);
    const client = await RawHttp2Client.connect(server.port, false);
    client.answersPings = false;
    await server.drainNow();
    await eventually('the notice', () => client.goaways.length === 1);
    const late = client.request('GET', '/');
    await eventually('the answer', () => client.stream(late).ended);
    expect(client.stream(late)).toMatchObject({ status: 200, body: 'fast' });
    await server.host.advance(100);
    await within('the session to end', 5_000, client.closed);
    expect(client.goaway).toEqual({ lastStream: late, code: 0 });
    const { outcome, servedLate } = await server.done();
    expect({ outcome, servedLate }).toEqual({ outcome: 'clean', servedLate: 1 });
  });

  test('under TLS what comes too late is above the stream that it names: its client may send it again', async () => {
    const server = await DrainedServer.start(h2);
    const client = await RawHttp2Client.connect(server.port, true);
    const slow = client.request('GET', '/slow');
    await server.called('/slow');
    await server.drainNow();
    await eventually('a GOAWAY', () => client.goaways.length === 1);
    const late = client.request('GET', '/');
    expect(client.goaway).toEqual({ lastStream: slow, code: 0 });
    server.release();
    await eventually('the answer', () => client.stream(slow).ended);
    expect(client.stream(late)).toMatchObject({ status: undefined, ended: false });
    expect((await server.done()).outcome).toBe('clean');
  });

  test('under TLS a client that goes on asking is closed while it waits for an answer, and loses nothing', async () => {
    const server = await DrainedServer.start(h2);
    const client = await RawHttp2Client.connect(server.port, true);
    const ask = async (): Promise<number> => {
      const stream = client.request('GET', '/');
      await eventually('the answer', () => client.stream(stream).ended);
      return stream;
    };
    await server.host.advance(1_000);
    await ask();
    server.announce();
    // Its last answer is from just now when the window ends.
    await server.host.advance(WINDOW - 10);
    await ask();
    await server.host.advance(10);
    await eventually('the listener to close', () => !server.server.listening);
    expect(client.goaways).toEqual([]);
    const last = await ask();
    await within('the session to end', 5_000, client.closed);
    expect(client.goaway).toEqual({ lastStream: last, code: 0 });
    expect((await server.done()).outcome).toBe('clean');
  });

  test('a session that begins in the window has its SETTINGS before the notice', async () => {
    const server = await DrainedServer.start(h2c);
    server.announce();
    const client = await RawHttp2Client.connect(server.port, false);
    const stream = client.request('GET', '/');
    await eventually('the answer', () => client.stream(stream).ended);
    await eventually('the notice', () => client.goaways.length > 0);
    expect(client.goaway).toEqual({ lastStream: ANY_STREAM, code: 0 });
  });

  test('sessions without streams close, and Node clients of them too', async () => {
    const server = await DrainedServer.start(h2c);
    const sessions = [nodeClient(server.port), nodeClient(server.port)];
    await Promise.all(sessions.map((session) => within('the settings', 5_000, once(session, 'remoteSettings'))));
    server.host.signal('SIGINT');
    await Promise.all(sessions.map((session) => within('the session to close', 5_000, closed(session))));
    const { outcome, totalMs } = await server.done();
    expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: 0 });
  });
});

describe('a TLS handshake that is not over when the listener closes', () => {
  test('and has not begun: a request on its session is answered, and it does not hold the drain', async () => {
    const server = await DrainedServer.start(h2);
    server.announce();
    await server.host.advance(WINDOW - 30);
    const transport = connectPlain(server.port, '127.0.0.1');
    await eventually('the server to accept', () => server.drain.snapshot().openConnections === 1);
    await server.host.advance(30);
    await eventually('the listener to close', () => !server.server.listening);
    const client = await RawHttp2Client.secure(transport);
    const stream = client.request('GET', '/');
    await eventually('the answer', () => client.stream(stream).ended);
    expect(client.stream(stream)).toMatchObject({ status: 200, body: 'fast' });
    await server.host.advance(100);
    const { outcome, servedLate } = await server.done();
    expect({ outcome, servedLate }).toEqual({ outcome: 'clean', servedLate: 1 });
  });

  test('and has begun: a request on its session is answered, however long that takes', async () => {
    const server = await DrainedServer.start(h2);
    const held = await HeldHandshake.connect(server.port);
    const connecting = RawHttp2Client.secure(held);
    await eventually('the hello to arrive', () => server.bytesRead > 0);
    await server.drainNow();
    held.release();
    const client = await connecting;
    const stream = client.request('GET', '/slow');
    await server.called('/slow');
    await server.host.advance(STALL);
    server.release();
    await eventually('the answer', () => client.stream(stream).ended);
    expect(client.stream(stream)).toMatchObject({ status: 200, body: 'slow' });
    const { outcome, stalled } = await server.done();
    expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
  });
});

test('many sessions are ended a few in each turn of the event loop', async () => {
  const server = await DrainedServer.start(h2c);
  const perTurn: number[] = [0];
  let turning: NodeJS.Immediate;
  const nextTurn = (): void => {
    perTurn.push(0);
    turning = setImmediate(nextTurn);
  };
  onTestFinished(() => clearImmediate(turning));
  (server.server as Http2Server).on('session', (session) => {
    const ping = session.ping.bind(session) as (callback: () => void) => boolean;
    session.ping = ((callback: () => void) => {
      perTurn[perTurn.length - 1] = (perTurn.at(-1) ?? 0) + 1;
      return ping(callback);
    }) as typeof session.ping;
  });
  await Promise.all(Array.from({ length: 120 }, () => RawHttp2Client.connect(server.port, false)));
  nextTurn();
  await server.drainNow();
  expect((await server.done()).outcome).toBe('clean');
  expect(perTurn.filter((count) => count > 0)).toEqual([50, 50, 20]);
});

describe.each([h2c, h2])('$name', (transport) => {
  test('a session that sends nothing after its handshake does not hold the drain', async () => {
    const server = await DrainedServer.start(transport);
    await server.connect();
    await server.drainNow();
    expect((await server.done()).totalMs).toBe(WINDOW);
  });

  test('a session that stops in the middle of a header block is cut off and counted', async () => {
    const server = await DrainedServer.start(transport);
    const peer = await server.connect();
    const before = server.bytesRead;
    peer.begin('half head');
    await eventually('half a head', () => server.bytesRead > before);
    await server.drainNow();
    await server.host.advance(STALL);
    const { outcome, stalled } = await server.done();
    expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 1 });
  });

  test('a client that does not close its side after the end of its session holds the drain for half a second', async () => {
    const server = await DrainedServer.start(transport);
    const client = await RawHttp2Client.connect(server.port, transport.tls, { allowHalfOpen: true });
    await server.drainNow();
    await server.host.advance(100);
    expect(await within('the session to end', 5_000, client.closed)).toBe('fin');
    expect(server.drain.phase).toBe('draining');
    await server.host.advance(LINGER);
    const { outcome, totalMs, stalled } = await server.done();
    expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
    expect(totalMs).toBeLessThanOrEqual(WINDOW + 100 + LINGER);
    await eventually('no connection to be left', async () => (await connections(server.server)) === 0);
  });

  test('a client that does not close its side is gone at the deadline with what it waited for', async () => {
    const server = await DrainedServer.start(transport);
    const client = await RawHttp2Client.connect(server.port, transport.tls, { allowHalfOpen: true });
    client.request('GET', '/slow');
    await server.called('/slow');
    await server.drainNow();
    await server.host.advance(DEADLINE + FORCE_GRACE);
    expect((await server.done()).aborted.map(({ name }) => name)).toEqual(['GET /slow']);
    await eventually('no connection to be left', async () => (await connections(server.server)) === 0);
  });

  test('a client that waits for 100 Continue is not blamed for it, and is once it has been told to go on', async () => {
    let leave: (() => void) | undefined;
    const server = await DrainedServer.start(transport);
    server.server.on('checkContinue', (_request, response: ServerResponse) => {
      leave = () => response.writeContinue();
    });
    const client = await RawHttp2Client.connect(server.port, transport.tls);
    const stream = client.request('POST', '/echo', { more: true, expect: '100-continue' });
    await eventually('the request', () => leave !== undefined);
    await server.drainNow();
    await server.host.advance(STALL * 2);
    expect(server.drain.snapshot().inFlight).toBe(1);
    leave?.();
    await server.host.advance(STALL * 2);
    const { outcome, stalled } = await server.done();
    expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 1 });
    expect(client.stream(stream)).toMatchObject({ status: 408, ended: true });
  });

  test('an answer that has begun lets its client take its time with the rest of the body', async () => {
    const { drain, server, host } = await serve(createServer(), (stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const session = nodeClient(portOf(server));
    const stream = session.request({ ':method': 'POST', ':path': '/both-ways' });
    const echoed = text(stream);
    stream.write('a');
    await within('the answer to begin', 5_000, once(stream, 'response'));
    host.signal('SIGINT');
    await eventually('the listener to close', () => !server.listening);
    await host.advance(STALL * 2);
    stream.end('b');
    expect(await within('the echo', 5_000, echoed)).toBe('ab');
    expect((await within('the drain', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('a request is refused with 503 where that is wanted, and health routes still answer', async () => {
    const server = await DrainedServer.start(transport, { refuseDuringWindow: true });
    const client = await RawHttp2Client.connect(server.port, transport.tls);
    server.announce();
    const [refused, ready, live] = ['/', '/ready', '/healthz'].map((path) => client.request('GET', path));
    await eventually('three answers', () => [refused, ready, live].every((id) => client.stream(id ?? 0).ended));
    expect([refused, ready, live].map((id) => client.stream(id ?? 0).status)).toEqual([503, 503, 200]);
    expect(server.calls('/')).toBe(0);
    await server.host.advance(WINDOW);
    expect((await server.done()).refused).toBe(1);
  });
});

test('a client of plain TCP that sends nothing and closes nothing holds the drain for half a second', async () => {
  const server = await DrainedServer.start(h2c);
  const client = connectPlain({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  client.on('error', () => {}).resume();
  await eventually('the server to accept', () => server.drain.snapshot().openConnections === 1);
  await server.drainNow();
  await server.host.advance(100 + LINGER);
  const { outcome, totalMs } = await server.done();
  expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW + 100 + LINGER });
  await eventually('no connection to be left', async () => (await connections(server.server)) === 0);
});

test('what a server pushes is not cut, however long it takes', async () => {
  let pushed: ServerHttp2Stream | undefined;
  const { drain, server, host } = await serve(createServer(), (stream) => {
    stream.pushStream({ ':path': '/pushed' }, (_error, push) => {
      pushed = push;
      push.respond({ ':status': 200 });
      push.write('begin;');
      stream.respond({ ':status': 200 });
      stream.end('page');
    });
  });
  const session = nodeClient(portOf(server));
  const received = new Promise<string>((resolve) => session.once('stream', (stream) => resolve(text(stream))));
  expect(await get(session, '/')).toEqual([200, 'page']);
  host.signal('SIGINT');
  await eventually('the listener to close', () => !server.listening);
  await host.advance(STALL * 2);
  pushed?.end('end');
  expect(await within('what was pushed', 5_000, received)).toBe('begin;end');
  const { outcome, stalled } = await within('the drain', 5_000, drain.done);
  expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
});

describe('a handler', () => {
  test('of requests finds the signals of its request at once, and their reasons', async () => {
    const seen: RequestSignals[] = [];
    const host = fakeHost();
    const drain = createDrain({ host, logger: false });
    const server = drain.attach(createServer((request) => void seen.push(drain.request(request))));
    trackSockets(server as never);
    await listen(server as never);
    const session = nodeClient(portOf(server));
    session.request({ ':path': '/' }).on('error', () => {});
    await eventually('the request', () => seen.length === 1);
    const [signals] = seen;
    expect(signals?.signal).not.toBe(drain.signal);
    host.signal('SIGTERM');
    expect(signals?.signal.reason).toMatchObject({ code: 'DRAIN_DRAINING' });
    expect(signals?.forceSignal.aborted).toBe(false);
    await host.advance(drain.plan.window + drain.plan.deadline);
    expect(signals?.forceSignal.reason).toMatchObject({ code: 'DRAIN_DEADLINE' });
  });

  test('whose client has left finds signals of its own, which say how things stand', async () => {
    const seen: RequestSignals[] = [];
    let ask: (() => void) | undefined;
    let isOver = false;
    const host = fakeHost();
    const drain = createDrain({ host, logger: false });
    const server = drain.attach(
      createServer((request) => {
        request.on('error', () => {});
        request.stream.once('close', () => (isOver = true));
        ask = () => void seen.push(drain.request(request));
      }),
    );
    trackSockets(server as never);
    await listen(server as never);
    const client = await RawHttp2Client.connect(portOf(server), false);
    client.cancel(client.request('GET', '/'));
    await eventually('the request to be over', () => isOver);
    ask?.();
    host.signal('SIGTERM');
    ask?.();
    expect(seen.map(({ signal }) => signal === drain.signal)).toEqual([false, false]);
    expect(seen.map(({ signal }) => signal.aborted)).toEqual([false, true]);
  });

  test.each([true, false])(
    'of streams is not asked for health routes, which are answered before it (draining enabled: %j)',
    async (enabled) => {
      const { server } = await serve(createServer(), answerWith('app'), { enabled });
      const session = nodeClient(portOf(server));
      expect(await get(session, '/ready')).toEqual([200, '{"status":"pass"}']);
      expect(await answerTo(session, 'HEAD', '/healthz')).toEqual([200, '']);
      expect(await answerTo(session, 'POST', '/ready')).toEqual([200, 'app']);
      expect(await get(session, '/')).toEqual([200, 'app']);
    },
  );

  test('of streams that comes after the drain is attached, or beside a handler of requests, is not asked either', async () => {
    const { drain, server, host } = await serve(createServer(), answerWith('app'));
    const seen: string[] = [];
    server.on('stream', (_stream, headers) => seen.push(`stream ${headers[':path']}`));
    server.on('request', (request: Http2ServerRequest) => seen.push(`request ${request.url}`));
    const session = nodeClient(portOf(server));
    expect(await get(session, '/ready')).toEqual([200, '{"status":"pass"}']);
    expect(await get(session, '/')).toEqual([200, 'app']);
    host.signal('SIGTERM');
    expect(await get(nodeClient(portOf(server)), '/ready')).toEqual([503, '{"status":"fail","output":"draining"}']);
    expect(seen).toEqual(['stream /', 'request /']);
    expect(drain.inFlight).toBe(0);
  });

  test('is not asked late for a health route: that is not counted', async () => {
    const server = await DrainedServer.start(h2c);
    const client = await RawHttp2Client.connect(server.port, false);
    client.request('GET', '/slow');
    await server.called('/slow');
    client.answersPings = false;
    await server.drainNow();
    await eventually('the notice', () => client.goaways.length === 1);
    const [ready, late] = [client.request('GET', '/ready'), client.request('GET', '/')];
    await eventually('both answers', () => client.stream(ready).ended && client.stream(late).ended);
    server.release();
    await server.host.advance(100);
    expect((await server.done()).servedLate).toBe(1);
  });

  test('of streams is drained, and refused what it is not to get', async () => {
    const { drain, server, host } = await serve(createServer(), answerWith('done'), { refuseDuringWindow: true });
    const session = nodeClient(portOf(server));
    expect(await get(session, '/')).toEqual([200, 'done']);
    host.signal('SIGTERM');
    const [status] = await get(nodeClient(portOf(server)), '/');
    expect(status).toBe(503);
    await host.advance(drain.plan.window);
    const { outcome, refused } = await within('the drain', 5_000, drain.done);
    expect({ outcome, refused }).toEqual({ outcome: 'clean', refused: 1 });
  });
});

describe('a server that speaks both', () => {
  test('drains its HTTP/1.1 connections with its sessions', async () => {
    const host = fakeHost();
    const drain = createDrain({ host, logger: false });
    const letGo: (() => void)[] = [];
    const server = drain.attach(
      createSecureServer({ ...certificate, allowHTTP1: true }, (_request, response) => {
        letGo.push(() => void response.end('slow'));
      }),
    );
    trackSockets(server as never);
    await listen(server as never);
    const old = await RawClient.connect(`https://127.0.0.1:${portOf(server)}`);
    onTestFinished(() => old[Symbol.asyncDispose]());
    old.get('/');
    const client = await RawHttp2Client.connect(portOf(server), true);
    const stream = client.request('GET', '/');
    await eventually('both requests', () => letGo.length === 2);
    expect(drain.inFlight).toBe(2);
    host.signal('SIGTERM');
    await host.advance(drain.plan.window);
    for (const answer of letGo) answer();
    const { body, headers } = await old.response();
    expect([body, headers['connection']]).toEqual(['slow', 'close']);
    await eventually('the answer', () => client.stream(stream).ended);
    expect(await within('the connection to end', 5_000, old.closed)).toBe('fin');
    expect(await within('the session to end', 5_000, client.closed)).toBe('fin');
    expect((await within('the drain', 5_000, drain.done)).outcome).toBe('clean');
  });

  test('a client that speaks neither does not hold the drain', async () => {
    const server = await DrainedServer.start(h2);
    const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {}).resume();
    await within('the handshake', 5_000, once(socket, 'secureConnect'));
    await server.drainNow();
    expect((await server.done()).totalMs).toBe(WINDOW);
  });
});

describe('Fastify', () => {
  test.each([
    ['with http2: true', { http2: true }],
    ['with http2: true and TLS', { http2: true, https: { ...certificate, allowHTTP1: true } }],
  ])('%s is drained, and its routes are named', async (_, options) => {
    const host = fakeHost();
    const app = fastify(options as object);
    await app.register(drainPlugin, { host, deadline: '5s' });
    let letGo = (): void => {};
    let signals: RequestSignals | undefined;
    app.get('/slow', (request, reply) => {
      signals = request.drain;
      letGo = () => void reply.send('slow');
    });
    app.get('/items/:id', () => new Promise(() => {}));
    trackSockets(app.server);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = await RawHttp2Client.connect(portOf(app.server), 'https' in options);
    const slow = client.request('GET', '/slow');
    client.request('GET', '/items/7');
    await eventually('both requests', () => app.drain.inFlight === 2);
    host.signal('SIGTERM');
    await eventually('the signal', () => signals?.signal.aborted === true);
    await host.advance(app.drain.plan.window);
    letGo();
    await eventually('the answer', () => client.stream(slow).ended);
    expect(client.stream(slow)).toMatchObject({ status: 200, body: 'slow' });
    await host.advance(5_000 + app.drain.plan.forceGrace);
    const { outcome, aborted, resources } = await within('the drain', 5_000, app.drain.done);
    expect(outcome).toBe('timed-out');
    expect(aborted.map(({ name }) => name)).toEqual(['GET /items/:id']);
    expect(resources).toMatchObject([{ name: 'fastify' }]);
  });
});

test('a handler of Fastify that goes on after its client has left is told of the drain', async () => {
  const host = fakeHost();
  const app = fastify({ http2: true });
  await app.register(drainPlugin, { host });
  let letGo = (): void => {};
  let signals: RequestSignals | undefined;
  app.route({
    method: 'GET',
    url: '/slow',
    handler: async (request) => {
      await new Promise<void>((resolve) => (letGo = resolve));
      signals = request.drain;
      await new Promise((resolve) => request.drain.signal.addEventListener('abort', resolve));
      return 'slow';
    },
  });
  const gone = new Promise((resolve) =>
    app.addHook('onRequest', async ({ raw }) => void raw.stream.once('close', resolve)),
  );
  trackSockets(app.server as never);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const client = await RawHttp2Client.connect(portOf(app.server), false);
  client.cancel(client.request('GET', '/slow'));
  await within('the client to have left', 5_000, gone);
  letGo();
  await eventually('the handler to ask', () => signals !== undefined);
  expect(signals?.signal).not.toBe(app.drain.signal);
  host.signal('SIGINT');
  expect(signals?.signal.reason).toMatchObject({ code: 'DRAIN_DRAINING' });
  expect((await within('the drain', 5_000, app.drain.done)).outcome).toBe('clean');
});

function connections(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}

function portOf(server: { address(): unknown }): number {
  return (server.address() as { port: number }).port;
}

async function serve(
  server: Http2Server,
  handler: (stream: ServerHttp2Stream) => void,
  options: DrainOptions = {},
): Promise<{ readonly drain: HttpDrain; readonly server: Http2Server; readonly host: FakeHost }> {
  const host = fakeHost();
  const limits = options.enabled === false ? {} : { stallTimeout: STALL };
  const drain = createDrain({ host, logger: false, ...limits, ...options });
  server.on('stream', handler);
  drain.attach(server);
  trackSockets(server as never);
  await listen(server as never);
  return { drain, server, host };
}

/** A session of Node's own client. */
function nodeClient(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

function closed(session: ClientHttp2Session): Promise<unknown> {
  return session.destroyed ? Promise.resolve() : once(session, 'close');
}

function answerWith(body: string): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(body);
  };
}

type StatusAndBody = [status: number | undefined, body: string];

function get(session: ClientHttp2Session, path: string): Promise<StatusAndBody> {
  return answerTo(session, 'GET', path);
}

async function answerTo(session: ClientHttp2Session, method: string, path: string): Promise<StatusAndBody> {
  const stream = session.request({ ':method': method, ':path': path });
  const [headers] = (await within('the answer', 5_000, once(stream, 'response'))) as [{ ':status'?: number }];
  return [headers[':status'], await text(stream)];
}
