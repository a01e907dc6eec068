import { connect as connectPlain, type Socket } from 'node:net';
import { eventually, RawClient, within } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ContractServer, DEADLINE, FORCE_GRACE, received, STALL, WINDOW } from '../contract/contract-server.ts';
import { forEachServer } from '../contract/server-kinds.ts';
import { connectRaw } from './raw-peer.ts';

/** How long a client may take to answer a FIN, in milliseconds. */
const LINGER = 500;

/** Asks for an answer that is more than any buffer on the way takes, and reads none of it. */
async function askForMuch(server: ContractServer): Promise<Socket> {
  const socket = await connectRaw(server);
  socket.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
  await server.routes.called('/stream');
  server.routes.write('x'.repeat(16_000_000));
  server.routes.endStreams();
  return socket;
}

forEachServer((kind) => {
  describe('a crowd', () => {
    test('of half heads, half bodies, silent connects and idle clients is gone when the stall timeout is over', async () => {
      const server = await ContractServer.start(kind);
      for (let count = 0; count < 5; count += 1) {
        (await server.connect()).half('/');
        (await server.connect()).send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab');
        await server.connect();
        await server.connectIdle();
      }
      await server.inFlight(5);
      await server.drainNow();
      await server.host.advance(STALL);
      const { outcome, totalMs, stalled, aborted } = await server.done();
      expect({ outcome, totalMs, stalled, aborted }).toEqual({
        outcome: 'clean',
        totalMs: WINDOW + STALL,
        stalled: 10,
        aborted: [],
      });
    });

    test('of clients that connect again for each 503 does not make the window longer', async () => {
      const server = await ContractServer.start(kind, { refuseDuringWindow: true });
      server.announce();
      let refusals = 0;
      const window = { isOver: false };
      const insist = async (): Promise<void> => {
        for (let attempt = 0; attempt < 50 && !window.isOver; attempt += 1) {
          const client = await RawClient.connect(server.url).catch(() => undefined);
          if (client === undefined) return;
          const answer = await client.get('/').response();
          if (answer.status === 503) refusals += 1;
          await client[Symbol.asyncDispose]();
        }
      };
      const insisting = Array.from({ length: 4 }, insist);
      await eventually('some refusals', () => refusals >= 20);
      await server.host.advance(WINDOW);
      window.isOver = true;
      await Promise.all(insisting);
      await server.host.advance(100);
      const { outcome, totalMs, refused } = await server.done();
      expect({ outcome, refused }).toEqual({ outcome: 'clean', refused: refusals });
      expect(totalMs).toBeLessThanOrEqual(WINDOW + 100);
    });
  });

  describe('a slow reader', () => {
    test('that takes none of a big answer is cut off at the deadline, and named', async () => {
      const server = await ContractServer.start(kind);
      await askForMuch(server);
      await server.drainNow();
      await server.host.advance(DEADLINE + FORCE_GRACE);
      const { outcome, totalMs, aborted } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'timed-out', totalMs: WINDOW + DEADLINE + FORCE_GRACE });
      expect(aborted.map(({ name }) => name)).toEqual(['GET /stream']);
    });

    test('that takes its time gets all of it', async () => {
      const server = await ContractServer.start(kind);
      const socket = await askForMuch(server);
      await server.drainNow();
      await server.host.advance(DEADLINE / 2);
      expect(server.drain.phase).toBe('draining');
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => socket.end());
      await eventually('all of the answer', () => bytes > 16_000_000);
      await server.host.advance(100);
      expect((await server.done()).outcome).toBe('clean');
    });
  });

  describe('a client that pipelines', () => {
    test('a thousand requests at once gets a thousand answers, the last of which says close', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      server.announce();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000));
      const statuses: string[] = [];
      for (let count = 0; count < 1_000; count += 1) {
        const { status, headers } = await client.response();
        statuses.push(`${status} ${headers['connection'] ?? 'keep-alive'}`);
        if (headers['connection'] === 'close') break;
      }
      expect(statuses.at(-1)).toBe('200 close');
      expect(statuses.filter((status) => status !== '200 keep-alive')).toHaveLength(1);
      await server.host.advance(WINDOW);
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
    });

    test('behind an answer that says close is not served, and not reset', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      const client = await RawClient.connect(server.url, { halfOpen: true });
      onTestFinished(() => client[Symbol.asyncDispose]());
      client.get('/');
      const { headers } = await client.response();
      expect(headers['connection']).toBe('close');
      expect(await server.ended(client)).toBe('fin');
      for (let count = 0; count < 5; count += 1) client.get('/');
      await server.host.advance(LINGER - 1);
      expect(server.routes.calls('/')).toBe(1);
      expect(await client.closed).toBe('fin');
    });
  });

  describe('a client that does not react to a FIN', () => {
    test('after its last answer holds the drain for half a second at most', async () => {
      const server = await ContractServer.start(kind, { window: 0 });
      const client = await RawClient.connect(server.url, { halfOpen: true });
      onTestFinished(() => client[Symbol.asyncDispose]());
      client.get('/slow');
      await server.routes.called('/slow');
      await server.drainNow();
      server.routes.release();
      await client.response();
      expect(await server.ended(client)).toBe('fin');
      expect(server.drain.phase).toBe('draining');
      await server.host.advance(LINGER);
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: LINGER });
    });
  });

  describe('an upload', () => {
    test('whose answer comes before its end is not reset: its client gets to read the answer', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      const socket = await connectRaw(server);
      socket.write('POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 8000000\r\n\r\n');
      const part = 'x'.repeat(1_000_000);
      for (let sent = 0; sent < 8; sent += 1) {
        await within('a part to be taken', 5_000, new Promise((resolve) => socket.write(part, resolve)));
      }
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('end', () => socket.end());
      // 404, or where a framework looks at the body first, 413.
      await eventually('the answer', () => /^HTTP\/1.1 4(04|13) /.test(answer));
      expect(answer).toMatch(/connection: close/i);
    });

    test('with trailers is finished while draining', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send(
        'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nab\r\n',
      );
      await server.inFlight(1);
      await server.drainNow();
      client.send('2\r\ncd\r\n0\r\nX-Sum: 4\r\n\r\n');
      const { status, body, headers } = await client.response();
      expect([status, body, headers['connection']]).toEqual([200, 'abcd', 'close']);
      expect((await server.done()).outcome).toBe('clean');
    });

    test('that is dropped in the middle, many times over, leaves nothing behind', async () => {
      const server = await ContractServer.start(kind);
      for (let count = 0; count < 20; count += 1) {
        const client = await server.connect();
        client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc');
        await server.inFlight(1);
        if (count === 10) server.announce();
        client.reset();
        await server.inFlight(0);
      }
      await server.host.advance(WINDOW);
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
    });

    test('that is promised with Expect: 100-continue and never comes is answered with 408', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
      await received(client, '100 Continue');
      await server.drainNow();
      await server.host.advance(STALL);
      expect((await client.response()).status).toBe(408);
      expect((await server.done()).stalled).toBe(1);
    });
  });

  test.runIf(kind.tls)('a crowd that never finishes its handshake is not waited for', async () => {
    const server = await ContractServer.start(kind);
    const before = server.sockets.size;
    for (let count = 0; count < 20; count += 1) {
      const socket = connectPlain(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('error', () => {}).resume();
      onTestFinished(() => void socket.destroy());
    }
    await eventually('the server to accept', () => server.sockets.size === before + 20);
    await server.drainNow();
    expect((await server.done()).totalMs).toBe(WINDOW);
  });
});
