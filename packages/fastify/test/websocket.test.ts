import websocket from '@fastify/websocket';
import { drainPlugin } from '@drainkit/fastify';
import { fakeHost, within, type FakeHost } from '@drainkit/testing';
import { fastify, type FastifyInstance } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect, done, WINDOW } from './drained-app.ts';

async function websocketApp(): Promise<{ readonly app: FastifyInstance; readonly host: FakeHost }> {
  const host = fakeHost();
  const app = fastify();
  onTestFinished(() => app.server.closeAllConnections());
  await app.register(drainPlugin, { host });
  await app.register(websocket);
  app.get('/ws', { websocket: true }, (socket) => {
    socket.on('message', (message: Buffer) => socket.send(`echo ${message.toString()}`));
  });
  app.get('/async', { websocket: true }, async (socket) => {
    socket.on('message', () => socket.send('hello'));
  });
  app.get('/', async () => 'fast');
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, host };
}

/** An open WebSocket, and how it is closed. */
async function openSocket(
  app: FastifyInstance,
  path = '/ws',
): Promise<{ readonly socket: WebSocket; readonly closed: Promise<number> }> {
  const { port } = app.server.address() as { port: number };
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  onTestFinished(() => socket.terminate());
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await within('the socket to open', 5_000, new Promise((resolve) => socket.once('open', resolve)));
  return { socket, closed };
}

async function echo(socket: WebSocket, message: string): Promise<string> {
  const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
  socket.send(message);
  return within('the echo', 5_000, answer);
}

describe('with @fastify/websocket', () => {
  test('an open socket works through the window, is closed by its plugin, and holds nothing up', async () => {
    const { app, host } = await websocketApp();
    const { socket, closed } = await openSocket(app);
    host.signal('SIGTERM');
    expect(await echo(socket, 'a')).toBe('echo a');
    await host.advance(WINDOW);
    const { outcome, totalMs } = await done(app);
    expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
    expect([1001, 1005]).toContain(await within('the socket to close', 5_000, closed));
  });

  test('a socket that is injected works, and is no connection of the server', async () => {
    const { app } = await websocketApp();
    const socket = await app.injectWS('/ws');
    expect(await echo(socket, 'a')).toBe('echo a');
    socket.terminate();
    expect(app.drain.inFlight).toBe(0);
    await within('the app to close', 5_000, app.close());
  });

  test('an open socket is closed with 1001 within the window, where the drain is told of its server', async () => {
    const { app, host } = await websocketApp();
    app.drain.websockets(app.websocketServer);
    const { closed } = await openSocket(app);
    host.signal('SIGTERM');
    await host.advance(WINDOW);
    expect(await within('the socket to close', 5_000, closed)).toBe(1001);
    const { outcome, totalMs } = await done(app);
    expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
  });

  test('a handler of sockets may be asynchronous', async () => {
    const { app } = await websocketApp();
    const { socket } = await openSocket(app, '/async');
    expect(await echo(socket, 'anybody there?')).toBe('hello');
    await app.close();
  });

  test('app.close() closes an open socket and resolves', async () => {
    const { app } = await websocketApp();
    const { closed } = await openSocket(app);
    await within('app.close()', 5_000, app.close());
    expect([1001, 1005]).toContain(await within('the socket to close', 5_000, closed));
  });

  test('an upgraded connection whose client does not answer the close is destroyed in the end', async () => {
    const { app, host } = await websocketApp();
    const client = await connect(app.server);
    client.get('/ws', {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
    expect((await client.response()).status).toBe(101);
    host.signal('SIGTERM');
    await host.advance(WINDOW);
    await host.advance(app.drain.plan.deadline + app.drain.plan.forceGrace);
    await done(app);
    expect(['fin', 'reset']).toContain(await within('the connection to end', 5_000, client.closed));
  });

  test('an upgrade while draining is announced is served', async () => {
    const { app, host } = await websocketApp();
    host.signal('SIGTERM');
    const { socket, closed } = await openSocket(app);
    expect(await echo(socket, 'b')).toBe('echo b');
    socket.close();
    await within('the socket to close', 5_000, closed);
    await host.advance(WINDOW);
    expect((await done(app)).outcome).toBe('clean');
  });
});
