import { eventually, fakeHost, within, type FakeHost } from '@drainkit/testing';
import { Server } from 'socket.io';
import { io as connectTo, type Socket } from 'socket.io-client';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDrain } from '../../src/node/create-drain.ts';
import type { HttpDrain } from '../../src/node/http-drain.ts';
import type { WebSocketOptions } from '../../src/node/websocket-options.ts';
import { http } from './listening.ts';

const WINDOW = 1_000;

const TRANSPORTS = ['websocket', 'polling'] as const;

type Transport = (typeof TRANSPORTS)[number];

interface Rig {
  readonly host: FakeHost;
  readonly drain: HttpDrain;
  readonly io: Server;
  readonly port: number;
  /** Connects a client, which goes on to the second way if there is one. */
  readonly open: (...transports: Transport[]) => Promise<Socket>;
}

/** A server of socket.io and its drain, on real sockets and fake time. */
async function serve(options?: WebSocketOptions): Promise<Rig> {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: WINDOW, deadline: '5s' });
  const server = drain.attach(await http((_, response) => response.end()));
  const io = new Server(server);
  drain.websockets(io, options);
  const { port } = server.address() as { port: number };
  const open = async (...transports: Transport[]): Promise<Socket> => {
    const socket = connectTo(`http://127.0.0.1:${port}`, { transports, reconnection: false, forceNew: true });
    onTestFinished(() => void socket.disconnect());
    await within('the client to connect', 5_000, new Promise<void>((resolve) => socket.once('connect', resolve)));
    await eventually('the upgrade', () => socket.io.engine.transport.name === transports.at(-1));
    return socket;
  };
  return { host, drain, io, port, open };
}

/** Why a client was disconnected, and the code of the close frame where there was one. */
function leaving(socket: Socket): Promise<[reason: string, code: number | undefined]> {
  const left = new Promise<[string, number | undefined]>((resolve) => {
    socket.once('disconnect', (reason, details) => {
      const { context } = (details ?? {}) as { context?: { code?: number } };
      resolve([reason, context?.code]);
    });
  });
  return within('the client to be disconnected', 5_000, left);
}

const done = (drain: HttpDrain) => within('the drain to end', 5_000, drain.done);

describe.each(TRANSPORTS)('a client over %s', (transport) => {
  const code = transport === 'websocket' ? 1001 : undefined;

  test('is told to leave within the window, in a way that has it connect again', async () => {
    const { host, drain, open } = await serve();
    const left = leaving(await open(transport));
    host.signal('SIGTERM');
    await host.advance(WINDOW);
    // After 'io server disconnect' it would not.
    expect(await left).toEqual(['transport close', code]);
    const { outcome, stalled } = await done(drain);
    expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
  });

  test('that connects during the window is told in what is left of it', async () => {
    const { host, drain, open } = await serve();
    // It could be told as soon as it is there, before socket.io calls it connected.
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    host.signal('SIGTERM');
    await host.advance(WINDOW / 2);
    const left = leaving(await open(transport));
    await host.advance(WINDOW / 2);
    expect(await left).toEqual(['transport close', code]);
    expect((await done(drain)).outcome).toBe('clean');
  });

  test('that was there before the drain knew of its server is told like the others', async () => {
    const { host, open, io } = await serve();
    const left = leaving(await open(transport));
    const other = createDrain({ host, logger: false });
    other.websockets(io.engine);
    void other.close();
    await host.advance(0);
    expect(await left).toEqual(['transport close', code]);
  });
});

test('a client that has gone on from polling to a WebSocket is sent a close frame', async () => {
  const { host, drain, open } = await serve({ code: 1012 });
  const left = leaving(await open('polling', 'websocket'));
  host.signal('SIGTERM');
  await host.advance(WINDOW);
  expect(await left).toEqual(['transport close', 1012]);
  expect((await done(drain)).outcome).toBe('clean');
});

test('many are spread over the time that was asked for', async () => {
  const { host, drain, io, open } = await serve({ spread: 500 });
  const told: number[] = [];
  io.on('connection', (socket) => socket.once('disconnect', () => told.push(host.clock.now())));
  for (let count = 0; count < 10; count += 1) await open(count % 2 === 0 ? 'websocket' : 'polling');
  host.signal('SIGTERM');
  for (let ms = 0; ms < 500; ms += 50) {
    await host.advance(50);
    await eventually('the client to leave', () => told.length === ms / 50 + 1);
  }
  await host.advance(WINDOW - 500);
  expect((await done(drain)).outcome).toBe('clean');
});

test('a WebSocket whose client does not answer is cut off after closeTimeout, and counted', async () => {
  const { host, drain, open } = await serve({ closeTimeout: '2s', spread: 0 });
  const socket = await open('websocket');
  const { ws } = socket.io.engine.transport as unknown as { ws: { pause(): void } };
  ws.pause();
  host.signal('SIGTERM');
  await host.advance(1_999);
  expect(drain.phase).toBe('draining');
  await host.advance(1);
  const { outcome, stalled, totalMs } = await done(drain);
  expect({ outcome, stalled, totalMs }).toEqual({ outcome: 'clean', stalled: 1, totalMs: 2_000 });
});

test('a client that has stopped polling is waited for no longer than closeTimeout', async () => {
  const { host, drain, io, port } = await serve({ closeTimeout: '2s', spread: 0 });
  await (await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`)).text();
  await eventually('the server to have it', () => io.engine.clientsCount === 1);
  host.signal('SIGTERM');
  await host.advance(2_000);
  const { outcome, stalled, totalMs } = await done(drain);
  expect({ outcome, stalled, totalMs }).toEqual({ outcome: 'clean', stalled: 1, totalMs: 2_000 });
});

test('a server that is attached to no HTTP server is refused', () => {
  const drain = createDrain({ host: fakeHost(), logger: false });
  expect(() => drain.websockets(new Server())).toThrow(/no set of clients/);
});
