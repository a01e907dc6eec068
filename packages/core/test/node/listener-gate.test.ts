import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ListenerGate, type Admit } from '../../src/node/listener-gate.ts';

const answer: RequestListener = (_request, response) => void response.end('answered');
const elsewhere: Admit<'request'> = (request: IncomingMessage, response: ServerResponse) => {
  if (request.url !== '/kept') return true;
  response.end('kept');
  return false;
};

async function gated(admit: Admit<'request'> = elsewhere, ...listeners: RequestListener[]) {
  const server = createServer();
  for (const listener of listeners) server.on('request', listener);
  new ListenerGate(server, 'request', admit).install();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const get = async (path: string, init?: RequestInit) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(10_000), ...init })).text();
  return { server, get };
}

test('a request that is not admitted reaches no listener', async () => {
  const asked: string[] = [];
  const { get } = await gated(elsewhere, (request) => void asked.push(request.url ?? ''), answer);
  expect([await get('/kept'), await get('/')]).toEqual(['kept', 'answered']);
  expect(asked).toEqual(['/']);
});

test('each request is asked for once, however many listeners there are', async () => {
  let asked = 0;
  const { get } = await gated(
    () => (asked += 1) > 0,
    () => {},
    answer,
  );
  await get('/');
  await get('/');
  expect(asked).toBe(2);
});

test('a listener that comes later stands behind it, too', async () => {
  const { server, get } = await gated();
  server.on('request', answer);
  await turn();
  expect([await get('/kept'), await get('/')]).toEqual(['kept', 'answered']);
});

test('a listener can be listed and removed as if there were no gate', async () => {
  const { server, get } = await gated(elsewhere, answer);
  expect(server.listeners('request')).toEqual([answer]);
  server.off('request', answer);
  expect(server.listenerCount('request')).toBe(0);
  server.on('request', (_request, response) => void response.end('other'));
  expect(await get('/')).toBe('other');
});

test('a listener for one request is called for one, and then gone', async () => {
  const { server, get } = await gated();
  server.once('request', answer);
  await turn();
  expect(server.listeners('request')).toEqual([answer]);
  expect(await get('/')).toBe('answered');
  expect(server.listenerCount('request')).toBe(0);
});

test('gates of several drains stand one behind the other', async () => {
  const asked: string[] = [];
  const { server, get } = await gated((request) => asked.push(`first ${request.url}`) > 0, answer);
  new ListenerGate(server, 'request', (request) => asked.push(`second ${request.url}`) > 0).install();
  await turn();
  expect(await get('/')).toBe('answered');
  expect(asked).toEqual(['second /', 'first /']);
  expect(server.listeners('request')).toEqual([answer]);
});

test('a listener knows its server as its own', async () => {
  const selves: unknown[] = [];
  const { server, get } = await gated(elsewhere, function (this: unknown, _request, response) {
    selves.push(this);
    response.end();
  });
  await get('/');
  expect(selves).toEqual([server]);
});

test('a request that asks to continue stands before it, too, and only where somebody listens for that', async () => {
  const { server } = await gated(elsewhere, answer);
  expect(server.listenerCount('checkContinue')).toBe(0);
});

test('where nobody listens it asks all the same, until somebody does', async () => {
  const server = createServer();
  new ListenerGate(server, 'request', elsewhere).install(true);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  expect(await get('/kept')).toBe('kept');
  server.on('request', answer);
  await turn();
  expect(server.listeners('request')).toEqual([answer]);
  expect([await get('/kept'), await get('/')]).toEqual(['kept', 'answered']);
});

test('one that is to be called once is gone after that, also behind two gates', async () => {
  const { server, get } = await gated(elsewhere);
  new ListenerGate(server, 'request', () => true).install();
  server.once('request', answer);
  await turn();
  expect(await get('/')).toBe('answered');
  expect(server.listenerCount('request')).toBe(0);
});

test('what a listener returns is for Node to see: a rejection is captured where the process says so', async () => {
  EventEmitter.captureRejections = true;
  const captures = createServer();
  EventEmitter.captureRejections = false;
  const broken: () => unknown = async () => {
    await Promise.resolve();
    throw new Error('broken');
  };
  captures.on('request', broken);
  new ListenerGate(captures, 'request', () => true).install();
  await new Promise<void>((resolve) => captures.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => captures.close().closeAllConnections());
  const { port } = captures.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(500);
});
