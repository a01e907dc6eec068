import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, within } from '../src/eventually.ts';
import { RawClient } from '../src/raw-client.ts';
import type { RawClientOptions } from '../src/raw-client.ts';
import { RawClientError } from '../src/raw-client-error.ts';
import type { RawTarget } from '../src/raw-target.ts';
import { http, https, listen, tcp } from './listen.ts';

async function connect(target: RawTarget, options?: RawClientOptions): Promise<RawClient> {
  const client = await RawClient.connect(target, options);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

const closed = (client: RawClient): Promise<string> => within('the connection to close', 5000, client.closed);
const failure = (promise: Promise<unknown>): Promise<RawClientError> =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(RawClientError);
      return error as RawClientError;
    },
  );

describe.each([
  ['http', http],
  ['https', https],
] as const)('over %s', (scheme, serve) => {
  test('requests on one connection are answered in order, also when pipelined', async () => {
    const server = await serve((request, response) => {
      response.setHeader('X-Method', request.method ?? '');
      response.end(request.url);
    });
    const client = await connect(server);
    expect(await client.get('/one').response()).toMatchObject({
      status: 200,
      body: '/one',
      headers: { 'x-method': 'GET' },
    });
    client.get('/two').request('HEAD', '/three').request('DELETE', '/four');
    const answers = await Promise.all([client.response(), client.response(), client.response()]);
    expect(answers.map(({ body }) => body)).toEqual(['/two', '', '/four']);
    expect(client.isOpen).toBe(true);
  });

  test('headers and body are sent', async () => {
    const server = await serve((request, response) => {
      request.on('data', (chunk) => response.write(chunk));
      request.on('end', () => response.end(` ${String(request.headers['x-a'])} ${request.headers['content-length']}`));
    });
    const client = await connect(server);
    const { body } = await client.request('POST', '/', { headers: { 'X-A': 'b' }, body: 'hé' }).response();
    expect(body).toBe('hé b 3');
  });

  test('a URL is enough to connect', async () => {
    const server = await serve((request, response) => response.end(request.headers.host));
    const { port } = server.address() as AddressInfo;
    const client = await connect(`${scheme}://localhost:${port}/of/no/account`);
    expect(await client.get('/').response()).toMatchObject({ body: `localhost:${port}` });
  });

  test('a server that ends the connection is seen to, after its last response', async () => {
    const server = await serve((_, response) => response.setHeader('Connection', 'close').end('last'));
    const client = await connect(server);
    expect(await client.get('/').response()).toMatchObject({ body: 'last', headers: { connection: 'close' } });
    expect(await closed(client)).toBe('fin');
    expect(client.isOpen).toBe(false);
    const error = await failure(client.get('/again').response());
    expect(error.reason).toBe('fin');
    expect(error.message).toBe(
      'the server ended the connection while waiting for the response to GET /again; nothing of it had arrived',
    );
  });

  test('a reset by the client reaches the server', async () => {
    const server = await serve(() => {});
    const ended = new Promise<string | undefined>((resolve) => {
      server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      });
    });
    const client = await connect(server);
    client.get('/');
    await sleep(20);
    client.reset();
    expect(await closed(client)).toBe('destroyed');
    expect(await within('the server to see the reset', 5000, ended)).toBe('ECONNRESET');
    expect((await failure(client.response())).reason).toBe('destroyed');
  });

  test('half a request is not answered, its other half is', async () => {
    const server = await serve((request, response) => response.end(request.url));
    const client = await connect(server);
    client.half('/half');
    expect((await failure(client.response({ timeout: 30 }))).reason).toBe('timeout');
    client.send('\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 200, body: '/half' });
  });
});

test('a reset by the server in the middle of a response says what had arrived', async () => {
  const server = await tcp((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe');
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
  });
  const client = await connect(server);
  const error = await failure(client.get('/slow').response());
  expect(error.reason).toBe('reset');
  expect(error.partial).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe');
  expect(error.message).toContain(
    'the connection was reset while waiting for the response to GET /slow; had arrived so far: "HTTP/1.1 200',
  );
  expect(await closed(client)).toBe('reset');
});

test('a timeout says what had arrived, and loses nothing', async () => {
  const server = await tcp((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'));
    socket.on('data', (chunk) => String(chunk) === 'go on' && socket.write('llo'));
  });
  const client = await connect(server);
  const error = await failure(client.get('/slow').response({ timeout: 50 }));
  expect(error.reason).toBe('timeout');
  expect(error.message).toMatch(
    /^timed out after 50 ms while waiting for the response to GET \/slow; .*5\\r\\n\\r\\nhe"$/,
  );
  client.send('go on');
  expect(await client.response()).toMatchObject({ body: 'hello' });
});

test('each of several waits fails for its own request', async () => {
  const server = await tcp((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Le'));
  });
  const client = await connect(server);
  client.get('/a').get('/b').send('PUT /c HTTP/1.1\r\nHost: x\r\n\r\n');
  const [first, second, third] = await Promise.allSettled([client.response(), client.response(), client.response()]);
  expect(first).toMatchObject({ value: { status: 204 } });
  expect(second).toMatchObject({ reason: { reason: 'fin', partial: 'HTTP/1.1 200 OK\r\nContent-Le' } });
  expect(String((second as PromiseRejectedResult).reason)).toContain('the response to GET /b; had arrived');
  expect(String((third as PromiseRejectedResult).reason)).toContain(
    'the response to PUT /c; nothing of it had arrived',
  );
});

test('what is no response is malformed, and the connection is dropped', async () => {
  const server = await tcp((socket) => socket.once('data', () => socket.write('SSH-2.0-OpenSSH\r\n')));
  const client = await connect(server);
  const error = await failure(client.get('/').response());
  expect(error.reason).toBe('malformed');
  expect(error.message).toContain('not a response: "SSH-2');
  expect(await closed(client)).toBe('malformed');
});

test('a response without a length is whole when the server ends the connection', async () => {
  const server = await tcp((socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nto the end')));
  const client = await connect(server);
  expect(await client.get('/').response()).toMatchObject({ body: 'to the end' });
});

test('a HEAD in raw text is noticed, wherever the text is cut', async () => {
  const server = await http((_, response) => response.setHeader('Content-Length', 4).end('body'));
  const client = await connect(server);
  client.send('HE').send(Buffer.from('AD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP')).send('/1.1\r\nHost: x\r\n\r\n');
  expect(await client.response()).toMatchObject({ status: 200, body: '' });
  expect(await client.response()).toMatchObject({ status: 200, body: 'body' });
});

test('the 100 of Expect: 100-continue is seen as it comes, and goes with the response', async () => {
  const server = await http((request, response) => request.pipe(response));
  const client = await connect(server);
  client.request('POST', '/', { headers: { Expect: '100-continue', 'Content-Length': '4' } });
  await eventually('100 Continue', () => client.received.includes('100 Continue'));
  client.send('body');
  expect(await client.response()).toMatchObject({ body: 'body', informational: [{ status: 100 }] });
});

test('what arrives of a response that never ends can be looked at', async () => {
  const server = await http((_, response) => response.write('data: 1\n\n'));
  const client = await connect(server);
  client.get('/events');
  await eventually('the first event', () => client.received.includes('data: 1'));
  expect(client.isOpen).toBe(true);
});

test('after an upgrade the bytes are left alone', async () => {
  const server = await http(() => {});
  server.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const client = await connect(server);
  expect(client.upgraded).toBeUndefined();
  client.get('/', { headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
  expect(await client.response()).toMatchObject({ status: 101 });
  client.send('ping');
  await eventually('the echo', () => client.upgraded?.toString() === 'ping');
});

test('a client answers the FIN of the server with its own', async () => {
  let heard = false;
  const server = await tcp((socket) => {
    socket.resume().on('end', () => (heard = true));
    socket.end();
  });
  const client = await connect(server);
  expect(await closed(client)).toBe('fin');
  await eventually('the server to hear the FIN', () => heard);
});

test('a half-open client can still send after the FIN of the server', async () => {
  const heard: string[] = [];
  const server = await tcp((socket) => {
    socket.on('data', (chunk) => heard.push(String(chunk)));
    socket.end();
  });
  const client = await connect(server, { halfOpen: true });
  expect(await closed(client)).toBe('fin');
  client.send('still here');
  await eventually('the server to hear it', () => expect(heard).toEqual(['still here']));
});

test('end is a FIN after which the server can still answer, and nothing more can be sent', async () => {
  const server = await tcp((socket) => socket.resume().on('end', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n')));
  const client = await connect(server);
  client.get('/').end();
  expect(client.isOpen).toBe(false);
  expect(await client.response()).toMatchObject({ status: 204 });
  expect(await closed(client)).toBe('fin');
  expect(() => client.get('/')).toThrow('it can send nothing more');
});

test('a bare TCP connection to a TLS server stays one', async () => {
  const server = await https(() => {});
  const client = await connect(server, { tls: false });
  expect(client.isOpen).toBe(true);
});

test('a unix socket is a target, as a path or as the server on it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'raw-client-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const server = await listen(
    createServer((request, response) => response.end(request.headers.host)),
    path,
  );
  for (const target of [{ path }, server]) {
    const client = await connect(target);
    expect(await client.get('/').response()).toMatchObject({ body: 'localhost' });
    client.reset();
    expect(await closed(client)).toBe('destroyed');
  }
});

test('nobody there is refused', async () => {
  const server = await http(() => {});
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const error = await failure(RawClient.connect({ port }));
  expect(error.reason).toBe('refused');
  expect(error.message).toContain(`could not connect to 127.0.0.1:${port}: connect ECONNREFUSED`);
  expect((await failure(RawClient.connect({ path: '/nowhere/at/all' }))).reason).toBe('refused');
  await expect(RawClient.connect(server)).rejects.toThrow('the server does not listen');
});

test('a TLS handshake that never ends is bounded', async () => {
  const server = await tcp(() => {});
  const error = await failure(RawClient.connect(server, { tls: true, timeout: 50 }));
  expect(error.reason).toBe('timeout');
  expect(error.message).toContain('timed out after 50 ms');
});

test('disposing drops the connection and waits until it is gone, once or twice', async () => {
  const server = await http(() => {});
  const client = await RawClient.connect(server);
  const waiting = failure(client.get('/').response());
  await client[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
  expect(await closed(client)).toBe('destroyed');
  expect((await waiting).message).toContain('this client dropped the connection');
});
