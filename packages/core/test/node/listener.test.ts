import { RawClient, within, type RawClientError } from '@drainkit/testing';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi, type MockInstance } from 'vitest';
import { closeListener } from '../../src/node/listener.ts';
import { http, listening } from './listening.ts';

const closed = (server: Server): Promise<void> =>
  within('the listener to close', 4_000, new Promise<void>((resolve) => closeListener(server, resolve)));

async function clientOf(server: Server): Promise<RawClient> {
  const client = await RawClient.connect(server);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

test('nobody can connect any more once it says so', async () => {
  const server = await http((_, response) => response.end());
  const address = server.address() as { port: number };
  await closed(server);
  expect(server.listening).toBe(false);
  await expect(RawClient.connect({ port: address.port })).rejects.toMatchObject({ reason: 'refused' });
});

test('an idle keep-alive connection stays open, and is answered', async () => {
  const server = await http((request, response) => response.end(request.url));
  const client = await clientOf(server);
  expect((await client.get('/before').response()).status).toBe(200);
  await closed(server);
  expect(client.isOpen).toBe(true);
  expect((await client.get('/after').response()).body).toBe('/after');
});

test('a request in flight, and one that comes in halves, are answered', async () => {
  const server = await http((_, response) => void setTimeout(() => response.end('done'), 30));
  const [busy, half] = [await clientOf(server), await clientOf(server)];
  busy.get('/');
  half.half('/');
  await once(server, 'request');
  await closed(server);
  expect((await busy.response()).body).toBe('done');
  expect((await half.send('\r\n\r\n').response()).body).toBe('done');
});

test('a connection that comes while it waits is answered', async () => {
  const server = await http((_, response) => response.end('done'));
  const address = server.address() as { port: number };
  const connecting = RawClient.connect({ port: address.port });
  await once(server, 'connection');
  const closing = closed(server);
  const client = await connecting;
  onTestFinished(() => client[Symbol.asyncDispose]());
  client.get('/');
  await closing;
  expect((await client.response()).body).toBe('done');
});

test('it is closed in a later turn, and told once', async () => {
  const server = await http((_, response) => response.end());
  let told = 0;
  closeListener(server, () => (told += 1));
  expect([server.listening, told]).toEqual([true, 0]);
  await within('the close event', 2_000, once(server, 'close'));
  await new Promise((resolve) => setImmediate(resolve));
  expect([server.listening, told]).toEqual([false, 1]);
});

/** Tells how long a backlog the kernel is told to keep from here on. */
function spyOnBacklog(server: Server): MockInstance<(backlog: number) => number> {
  const { _handle: handle } = server as Server & { readonly _handle: { listen(backlog: number): number } };
  return vi.spyOn(handle, 'listen');
}

test('where a quiet turn comes soon the kernel goes on queueing connections until the listener closes', async () => {
  const server = await listening(createServer());
  const listen = spyOnBacklog(server);
  // However busy the machine is, no time goes by.
  vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => void vi.restoreAllMocks());
  await closed(server);
  expect(listen).not.toHaveBeenCalled();
});

test('where connections never stop coming the kernel is told once to queue hardly any, and those it has are accepted', async () => {
  const server = await http((_, response) => response.end('done'));
  const listen = spyOnBacklog(server);
  const outcomes: Promise<string>[] = [];
  const visit = async (): Promise<string> => (await (await clientOf(server)).get('/').response()).body;
  const arrive = (): void => {
    if (listen.mock.calls.length > 0 || !server.listening) return;
    outcomes.push(visit().catch((error: unknown) => (error as RawClientError).reason));
    setImmediate(arrive);
  };
  arrive();
  await once(server, 'connection');
  await closed(server);
  expect(listen.mock.calls).toEqual([[1]]);
  // One whose first packet was dropped is refused when it sends it again.
  expect(['done', 'done,refused']).toContain([...new Set(await Promise.all(outcomes))].toSorted().join());
});

test('where connections never stop coming it is closed all the same, and they are read', async () => {
  const server = await listening(createServer());
  const arrivals: { paused: boolean }[] = [];
  const arrive = (): void => {
    if (!server.listening) return;
    const arrival = { paused: false };
    arrivals.push(arrival);
    const socket = {
      pause: () => ((arrival.paused = true), socket),
      resume: () => ((arrival.paused = false), socket),
      on: () => socket,
      destroy: () => socket,
    };
    server.emit('connection', socket as unknown as Socket);
    setImmediate(arrive);
  };
  arrive();
  await closed(server);
  expect(server.listening).toBe(false);
  expect(arrivals.length).toBeGreaterThan(1);
  expect(arrivals.filter(({ paused }) => paused)).toEqual([]);
});

test('a server that does not listen is closed already', async () => {
  const server = createServer();
  await closed(server);
  expect(server.listening).toBe(false);
});

test('a server that somebody else closes meanwhile is closed once', async () => {
  const server = await http((_, response) => response.end());
  const closing = closed(server);
  server.close();
  await closing;
  expect(server.listening).toBe(false);
});

test('it leaves no listener of its own on the server', async () => {
  const server = await http((_, response) => response.end());
  const before = server.listenerCount('connection');
  await closed(server);
  expect(server.listenerCount('connection')).toBe(before);
});
