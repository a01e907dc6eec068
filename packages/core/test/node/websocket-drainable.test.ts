import { once } from 'node:events';
import { eventually, fakeHost, within, type FakeHost } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createDrain } from '../../src/node/create-drain.ts';
import type { HttpDrain } from '../../src/node/http-drain.ts';
import type { WebSocketOptions } from '../../src/node/websocket-options.ts';
import { http } from './listening.ts';

const WINDOW = 1_000;

interface Rig {
  readonly host: FakeHost;
  readonly drain: HttpDrain;
  readonly sockets: WebSocketServer;
  readonly open: () => Promise<WebSocket>;
}

/** A server of `ws` and its drain, on real sockets and fake time. */
async function serve(options?: WebSocketOptions): Promise<Rig> {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: WINDOW, deadline: '5s' });
  const server = drain.attach(await http((_, response) => response.end()));
  const sockets = new WebSocketServer({ server });
  drain.websockets(sockets, options);
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    onTestFinished(() => socket.terminate());
    socket.on('error', () => {});
    await within('the socket to open', 5_000, once(socket, 'open'));
    return socket;
  };
  return { host, drain, sockets, open };
}

const closing = async (socket: WebSocket): Promise<[code: number, reason: string]> => {
  const [code, reason] = (await within('the socket to close', 5_000, once(socket, 'close'))) as [number, Buffer];
  return [code, reason.toString()];
};

const done = (drain: HttpDrain) => within('the drain to end', 5_000, drain.done);

test('a client is sent 1001 and a reason within the window, and nothing is left at its end', async () => {
  const { host, drain, open } = await serve();
  const closed = closing(await open());
  host.signal('SIGTERM');
  await host.advance(WINDOW);
  expect(await closed).toEqual([1001, 'server is shutting down']);
  const { outcome, totalMs, stalled } = await done(drain);
  expect({ outcome, totalMs, stalled }).toEqual({ outcome: 'clean', totalMs: WINDOW, stalled: 0 });
});

test('code and reason are what was asked for', async () => {
  const { host, open } = await serve({ code: 1012, reason: 'deploy' });
  const closed = closing(await open());
  host.signal('SIGTERM');
  await host.advance(WINDOW);
  expect(await closed).toEqual([1012, 'deploy']);
});

test('many are spread over the time that was asked for', async () => {
  const { host, sockets, open } = await serve({ spread: 500 });
  for (let count = 0; count < 20; count += 1) await open();
  // `ws` calls `close` again when the peer has answered: the first counts.
  const first = new Map<object, number>();
  for (const socket of sockets.clients) {
    const close = socket.close.bind(socket);
    socket.close = (...args) => {
      if (!first.has(socket)) first.set(socket, host.clock.now());
      close(...args);
    };
  }
  host.signal('SIGTERM');
  await host.advance(500);
  expect(first.size).toBe(20);
  for (const [index, ms] of [...first.values()].entries()) {
    expect(ms).toBeGreaterThanOrEqual(index * 25);
    expect(ms).toBeLessThanOrEqual((index + 1) * 25);
  }
});

test('one that connects during the window is told to leave in what is left of it', async () => {
  const { host, drain, open } = await serve();
  host.signal('SIGTERM');
  await host.advance(WINDOW / 2);
  const closed = closing(await open());
  await host.advance(WINDOW / 2);
  expect((await closed)[0]).toBe(1001);
  expect((await done(drain)).outcome).toBe('clean');
});

test('one whose handshake was done by hand, and announced to nobody, is told like the others', async () => {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: WINDOW, deadline: '5s' });
  const server = drain.attach(await http((_, response) => response.end()));
  const sockets = new WebSocketServer({ noServer: true });
  drain.websockets(sockets);
  server.on('upgrade', (request, transport, head) => sockets.handleUpgrade(request, transport, head, () => {}));
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    onTestFinished(() => socket.terminate());
    await within('the socket to open', 5_000, once(socket, 'open'));
    return socket;
  };
  const closed = [closing(await open())];
  host.signal('SIGTERM');
  await host.advance(WINDOW / 2);
  closed.push(closing(await open()));
  await host.advance(WINDOW / 2);
  expect((await Promise.all(closed)).map(([code]) => code)).toEqual([1001, 1001]);
  expect((await done(drain)).outcome).toBe('clean');
});

test('a peer that does not answer is cut off after closeTimeout, and counted', async () => {
  const { host, drain, open } = await serve({ closeTimeout: '2s', spread: 0 });
  const socket = await open();
  socket.pause();
  host.signal('SIGTERM');
  await host.advance(1_999);
  expect(drain.phase).toBe('draining');
  await host.advance(1);
  const { outcome, stalled, totalMs } = await done(drain);
  expect({ outcome, stalled, totalMs }).toEqual({ outcome: 'clean', stalled: 1, totalMs: 2_000 });
});

test('without a window all are told at once', async () => {
  const { host, drain, open } = await serve();
  const closed = [closing(await open()), closing(await open())];
  host.signal('SIGINT');
  await host.advance(0);
  expect(await Promise.all(closed)).toHaveLength(2);
  expect((await done(drain)).totalMs).toBe(0);
});

test('clients that nobody told the drain of are destroyed at the deadline, and named', async () => {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: WINDOW, deadline: '5s' });
  const server = drain.attach(await http((_, response) => response.end()));
  const sockets = new WebSocketServer({ server, path: '/chat' });
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}/chat?token=secret`);
  socket.on('error', () => {});
  await within('the socket to open', 5_000, once(socket, 'open'));
  const closed = closing(socket);
  await eventually('the server to have it', () => sockets.clients.size === 1);
  host.signal('SIGTERM');
  await host.advance(WINDOW);
  await host.advance(5_000 + drain.plan.forceGrace);
  expect((await closed)[0]).toBe(1006);
  const { outcome, aborted } = await done(drain);
  expect(outcome).toBe('timed-out');
  expect(aborted.map(({ name }) => name)).toEqual(['GET /chat (upgraded)']);
});

describe('what cannot be used is refused by code, with every problem', () => {
  const drain = createDrain({ host: fakeHost(), logger: false });
  const server = new WebSocketServer({ noServer: true });

  test.each([
    [{ code: 1006 }, /code is 1006/],
    [{ code: 1001.5 }, /code is 1001.5/],
    [{ code: '1001' }, /code is '1001'/],
    [{ reason: 'é'.repeat(62) }, /at most 123 bytes/],
    [{ spread: -1 }, /spread is -1/],
    [{ closeTimeout: 'later' }, /closeTimeout is 'later'/],
    [{ resaon: 'x' }, /resaon is no option; did you mean reason\?/],
    [{ code: 1, reason: 5 }, /code is 1;.*reason is 5/],
  ])('%j', (options, message) => {
    const use = (): void => drain.websockets(server, options as WebSocketOptions);
    expect(use).toThrow(expect.objectContaining({ code: 'DRAIN_CLIENTS_INVALID' }));
    expect(use).toThrow(message);
  });

  test.each([[null], [{}], [new WebSocketServer({ noServer: true, clientTracking: false })]])('server %#', (wrong) => {
    expect(() => drain.websockets(wrong as never)).toThrow(/no set of clients/);
  });
});
