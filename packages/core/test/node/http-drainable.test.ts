import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import { eventually, fakeHost, RawClient, within, type FakeHost } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import type { DrainReport } from '../../src/report/drain-report.ts';
import { createDrain, type HttpDrain } from '../../src/node/index.ts';
import { hiddenProperty } from '../../src/node/hidden-property.ts';
import { http, listening } from './listening.ts';

function drainOf(options: DrainOptions = {}): { readonly host: FakeHost; readonly drain: HttpDrain } {
  const host = fakeHost();
  return { host, drain: createDrain({ host, logger: false, ...options }) };
}

async function attached(listener: RequestListener): Promise<ReturnType<typeof drainOf> & { readonly server: Server }> {
  const server = await http(listener);
  const it = drainOf();
  it.drain.attach(server);
  return { ...it, server };
}

async function connect(server: Server): Promise<RawClient> {
  const client = await RawClient.connect(server);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

test('while serving nothing is hung on a request; what is in flight is known all the same', async () => {
  const responses: ServerResponse[] = [];
  const keep: RequestListener = (_request, response) => void responses.push(response);
  const bare = await http(keep);
  const { drain, server } = await attached(keep);
  for (const one of [bare, server]) (await connect(one)).get('/');
  await eventually('both requests to arrive', () => responses.length === 2);
  const [mine, other] = responses.map((response) =>
    response.eventNames().map((name) => [name, response.listenerCount(name)]),
  );
  expect(mine).toEqual(other);
  expect(drain.inFlight).toBe(1);
  for (const response of responses) response.end();
  await eventually('nothing to be in flight', () => drain.inFlight === 0);
});

test('pipelined requests are all in flight', async () => {
  const responses: ServerResponse[] = [];
  const { drain, server } = await attached((_request, response) => void responses.push(response));
  const client = await connect(server);
  client.get('/a').get('/b').get('/c');
  await eventually('three requests to arrive', () => responses.length === 3);
  expect(drain.inFlight).toBe(3);
  responses[0]?.end();
  await client.response();
  await eventually('one to be over', () => drain.inFlight === 2);
  void drain.close();
  for (const response of responses) response.end();
  await client.response();
  expect((await client.response()).headers['connection']).toBe('close');
});

test('a request that came before the drain is tracked from when it came', async () => {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: 0, deadline: 1_000 });
  const server = await http(() => {});
  drain.attach(server);
  const client = await connect(server);
  client.get('/hang');
  await eventually('the request to arrive', () => drain.inFlight === 1);
  await host.advance(700);
  host.signal('SIGTERM');
  await eventually('the listener to be closed', () => !server.listening);
  await host.advance(1_000);
  await host.advance(500);
  const { atDeadline } = await drain.done;
  expect(atDeadline).toEqual([{ name: 'GET /hang', ageMs: 1_700 }]);
});

test('open connections are counted from the accept to the end', async () => {
  const { drain, server } = await attached((_request, response) => void response.end());
  const clients = await Promise.all([connect(server), connect(server)]);
  await eventually('two connections', () => drain.snapshot().openConnections === 2);
  clients[0]?.reset();
  await eventually('one connection', () => drain.snapshot().openConnections < 2);
  expect(drain.snapshot().openConnections).toBe(1);
});

describe('what is to be told that the connection ends is told', () => {
  const keepsAlive: readonly (readonly [string, RequestListener])[] = [
    ['setHeader', (_request, response) => void response.setHeader('Connection', 'keep-alive').end('done')],
    ['an object', (_request, response) => void response.writeHead(200, { connection: 'Keep-Alive' }).end('done')],
    ['a list', (_request, response) => void response.writeHead(200, ['Connection', 'keep-alive']).end('done')],
    ['other options', (_request, response) => void response.setHeader('Connection', 'keep-alive, x-own').end('done')],
  ];

  test.each(keepsAlive)('where its handler says keep-alive by %s', async (_, listener) => {
    const { drain, server } = await attached(listener);
    const client = await connect(server);
    expect((await client.get('/').response()).headers['connection']?.toLowerCase()).toContain('keep-alive');
    void drain.start();
    const { headers, body } = await client.get('/').response();
    expect([headers['connection'], body]).toEqual([expect.stringMatching(/^close(, x-own)?$/) as unknown, 'done']);
    expect(await client.closed).toBe('fin');
  });

  test('where its handler answers as soon as it is told', async () => {
    const { drain, server } = await attached((request, response) => {
      drain.request(request).signal.addEventListener('abort', () => response.end('[]'));
    });
    const client = await connect(server);
    client.get('/poll');
    await eventually('the request to arrive', () => drain.inFlight === 1);
    void drain.start();
    expect((await client.response()).headers['connection']).toBe('close');
  });
});

describe('a server', () => {
  test('that its app has closed is drained like another: what arrives on an open connection is answered', async () => {
    const { drain, server } = await attached((_request, response) => void response.end('done'));
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const client = await connect(server);
    const socket = await accepted;
    client.half('/');
    // Node takes a connection for idle until then.
    await eventually('half of a request', () => socket.bytesRead > 0);
    server.close();
    const drained = drain.close();
    client.send('\r\n\r\n');
    expect((await client.response()).body).toBe('done');
    expect((await drained).outcome).toBe('clean');
  });

  test('that is fed by another is drained like one that listens', async () => {
    const server = createServer((_request, response) => void response.end('done'));
    const { drain } = drainOf();
    drain.attach(server);
    const front = await listening(createNetServer((socket) => void server.emit('connection', socket)));
    const client = await RawClient.connect(front);
    onTestFinished(() => client[Symbol.asyncDispose]());
    expect((await client.get('/').response()).status).toBe(200);
    const job = drain.enter('job');
    const drained = drain.close();
    expect((await client.get('/late').response()).headers['connection']).toBe('close');
    job.leave();
    expect((await drained).servedLate).toBe(1);
  });

  test('that is attached while it serves is drained of what it has already', async () => {
    const responses: ServerResponse[] = [];
    const server = await http((_request, response) => void responses.push(response));
    const client = await connect(server);
    client.get('/');
    await eventually('the request to arrive', () => responses.length === 1);
    const { drain } = drainOf();
    drain.attach(server);
    expect(drain.inFlight).toBe(1);
    const drained = drain.close();
    responses[0]?.end('done');
    expect((await client.response()).body).toBe('done');
    expect((await drained).inFlightAtStart).toBe(1);
  });

  test('whose drain was forced is left to the garbage collector', async () => {
    const { drain, server, host } = await attached(() => {});
    (await connect(server)).get('/hang');
    await eventually('the request to arrive', () => drain.inFlight === 1);
    void drain.close();
    await host.advance(30_000);
    await drain.done;
    const interval = hiddenProperty(server, 'http.server.connectionsCheckingInterval');
    expect((interval as { _destroyed: boolean })._destroyed).toBe(true);
  });
});

describe('a request that arrives in part', () => {
  const STALL = 2_000;

  test('is not its client’s fault while that waits to be told to go on', async () => {
    const { drain, server, host } = await attached((request, response) => {
      request.resume().on('end', () => response.end('got it'));
    });
    const going = new Promise<() => void>((resolve) => {
      server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        resolve(() => {
          response.writeContinue();
          server.emit('request', request, response);
        });
      });
    });
    const client = await connect(server);
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const goOn = await going;
    const drained = drain.close();
    await eventually('the listener to be closed', () => !server.listening);
    await host.advance(STALL + 500);
    goOn();
    await eventually('100 Continue', () => client.received.includes('100 Continue'));
    client.send('hello');
    await eventually('the answer', () => client.received.includes('got it'));
    expect(await drained).toMatchObject({ outcome: 'clean', stalled: 0 });
  });

  test('does not cut off an answer that has begun; when that is over, the connection ends', async () => {
    const responses: ServerResponse[] = [];
    const { drain, server, host } = await attached((request, response) => {
      request.resume();
      response.writeHead(200).write('first ');
      responses.push(response);
    });
    const client = await connect(server);
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await eventually('the answer to begin', () => client.received.includes('first'));
    const drained = drain.close();
    await eventually('the listener to be closed', () => !server.listening);
    await host.advance(STALL + 500);
    responses[0]?.end('last');
    expect((await client.response()).body).toBe('first last');
    expect(await client.closed).toBe('fin');
    await host.advance(500);
    expect(await drained).toMatchObject({ outcome: 'clean', stalled: 0 });
  });
});

test('one that was answered before its body had come is over: its client gets no second answer', async () => {
  const { drain, server } = await attached((_request, response) => void response.writeHead(413).end('too large'));
  const client = await connect(server);
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nfirst');
  expect((await client.response()).status).toBe(413);
  expect(await within('the drain to end', 5_000, drain.close())).toMatchObject({ outcome: 'clean', stalled: 0 });
  expect(client.received).not.toContain('408');
});

test('a response that is over by the time it is looked at is not waited for', async () => {
  const drained: Promise<DrainReport>[] = [];
  const { drain, server } = await attached((_request, response) => {
    response.on('close', () => drained.push(drain.close()));
    response.end('bye');
    expect(drain.snapshot().inFlight).toBe(1);
  });
  const client = await connect(server);
  expect((await client.get('/').response()).body).toBe('bye');
  await eventually('the drain to begin', () => drained.length === 1);
  expect(await within('the drain to end', 5_000, drained[0] ?? Promise.reject(new Error('none')))).toMatchObject({
    outcome: 'clean',
  });
});

describe('an upgrade', () => {
  const UPGRADE = 'GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

  /** Upgrades, and ends at once. */
  const upgrading = (options: DrainOptions) => async () => {
    const server = await http((_request, response) => void response.end('done'));
    server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    });
    const it = drainOf(options);
    it.drain.attach(server);
    return { ...it, server };
  };

  test.each([
    ['in the window', { refuseDuringWindow: true }],
    ['after it', { lateRequests: 'refuse' }],
  ] as const)('is refused like a request where requests are, %s', async (when, options) => {
    const { drain, server } = await upgrading(options)();
    const client = await connect(server);
    await client.get('/').response();
    const job = drain.enter('job');
    if (when === 'in the window') void drain.start();
    else void drain.close();
    const { status, headers } = await client.send(UPGRADE).response();
    expect([status, headers['connection'], headers['retry-after']]).toEqual([503, 'close', '1']);
    job.leave();
    expect(drain.snapshot().refused).toBe(1);
  });

  test('is traffic: it keeps an adaptive window open', async () => {
    const { drain, server, host } = await upgrading({ window: { min: 100, max: '5s', quiet: 500 } })();
    void drain.start();
    for (let count = 0; count < 5; count += 1) {
      (await connect(server)).send(UPGRADE);
      await eventually('the upgrade', () => drain.snapshot().openConnections === 0);
      await host.advance(300);
    }
    expect(drain.phase).toBe('announcing');
    await host.advance(500);
    expect((await drain.done).windowEnd).toBe('quiet');
  });
});

test('a server that has no listener for requests answers the health routes', async () => {
  const server = await listening(createServer());
  const { drain } = drainOf();
  drain.attach(server);
  expect((await (await connect(server)).get('/ready').response()).status).toBe(200);
});
