import { eventually } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { ContractServer, DEADLINE, STALL, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

const post = (path: string, length: number, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${body}`;

forEachServer((kind) => {
  describe('half a request', () => {
    test('that is completed while draining is answered and counted as late', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).half('/');
      await server.drainNow();
      await server.host.advance(STALL - 1);
      expect(server.drain.phase).toBe('draining');
      client.send('x\r\n\r\n');
      const { status, headers } = await client.response();
      expect([status, headers['connection']]).toEqual([200, 'close']);
      const { outcome, servedLate, stalled } = await server.done();
      expect({ outcome, servedLate, stalled }).toEqual({ outcome: 'clean', servedLate: 1, stalled: 0 });
    });

    test('that is never completed is ended with 408 after the stall timeout', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).half('/');
      await server.drainNow();
      await server.host.advance(STALL - 1);
      expect(client.isOpen).toBe(true);
      await server.host.advance(1);
      const { status, headers } = await client.response();
      expect([status, headers['connection']]).toEqual([408, 'close']);
      expect(await server.ended(client)).toBe('fin');
      const { outcome, stalled, totalMs, aborted } = await server.done();
      expect({ outcome, stalled, totalMs, aborted }).toEqual({
        outcome: 'clean',
        stalled: 1,
        totalMs: WINDOW + STALL,
        aborted: [],
      });
    });

    test('on a connection that has been kept alive is ended with 408 too', async () => {
      const server = await ContractServer.start(kind, { stallTimeout: 700 });
      const client = (await server.connectIdle()).half('/');
      await server.drainNow();
      await server.host.advance(700);
      expect((await client.response()).status).toBe(408);
      expect((await server.done()).totalMs).toBe(WINDOW + 700);
    });

    test('that drips on, header by header, has no longer than one that is silent', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).half('/');
      await server.drainNow();
      for (let elapsed = 0; elapsed < STALL; elapsed += 500) {
        client.send('x\r\nX-More: ');
        await server.host.advance(500);
      }
      expect((await client.response()).status).toBe(408);
      expect((await server.done()).stalled).toBe(1);
    });

    test('that its client drops is not waited for', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).half('/');
      await server.drainNow();
      client.reset();
      const { outcome, stalled, totalMs } = await server.done();
      expect({ outcome, stalled, totalMs }).toEqual({ outcome: 'clean', stalled: 0, totalMs: WINDOW });
    });
  });

  describe('half a body', () => {
    test('that is completed while draining is answered', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).send(post('/echo', 4, 'ab'));
      await server.inFlight(1);
      await server.drainNow();
      await server.host.advance(STALL - 1);
      client.send('cd');
      const { status, body, headers } = await client.response();
      expect([status, body, headers['connection']]).toEqual([200, 'abcd', 'close']);
      const { outcome, stalled } = await server.done();
      expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
    });

    test('that is never completed is ended with 408 after the stall timeout', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).send(post('/echo', 4, 'ab'));
      await server.inFlight(1);
      await server.drainNow();
      await server.host.advance(STALL);
      const { status, headers } = await client.response();
      expect([status, headers['connection']]).toEqual([408, 'close']);
      expect(await server.ended(client)).toBe('fin');
      const { outcome, stalled, totalMs } = await server.done();
      expect({ outcome, stalled, totalMs }).toEqual({ outcome: 'clean', stalled: 1, totalMs: WINDOW + STALL });
      expect(server.drain.inFlight).toBe(0);
    });

    test('that goes on arriving, slowly, is waited for', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).send(post('/echo', 6, 'ab'));
      await server.inFlight(1);
      await server.drainNow();
      for (const part of ['c', 'd', 'e', 'f']) {
        await server.host.advance(STALL - 200);
        client.send(part);
        await sent(server, client);
      }
      const { status, body } = await client.response();
      expect([status, body]).toEqual([200, 'abcdef']);
      expect((await server.done()).stalled).toBe(0);
    });

    test('that goes on arriving is waited for, also when its head came in two parts', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      const whole = post('/echo', 8, 'ab');
      client.send(whole.slice(0, 30));
      await server.drainNow();
      await server.host.advance(STALL - 500);
      client.send(whole.slice(30));
      await server.inFlight(1);
      for (const part of ['cd', 'ef', 'gh']) {
        await server.host.advance(400);
        client.send(part);
        await sent(server, client);
      }
      const { status, body } = await client.response();
      expect([status, body]).toEqual([200, 'abcdefgh']);
      expect((await server.done()).stalled).toBe(0);
    });

    test('in chunks that are never completed is ended after the stall timeout', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n');
      await server.inFlight(1);
      await server.drainNow();
      await server.host.advance(STALL);
      expect((await client.response()).status).toBe(408);
      expect((await server.done()).stalled).toBe(1);
    });

    test('whose client is not to blame, because the handler has not begun to read, is waited for', async () => {
      const server = await ContractServer.start(kind);
      const big = 'x'.repeat(4_000_000);
      const client = await server.connect();
      client.request('POST', '/later', { body: big });
      await server.routes.called('/later');
      await server.drainNow();
      await server.host.advance(STALL * 2);
      server.routes.release();
      const { status, body } = await client.response();
      expect([status, body]).toEqual([200, String(big.length)]);
      const { outcome, stalled } = await server.done();
      expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
    });
  });

  describe('a bare connect', () => {
    test('from long ago does not hold the drain for a moment', async () => {
      const server = await ContractServer.start(kind);
      const clients = [await server.connect(), await server.connect()];
      await server.host.advance(100);
      server.host.signal('SIGINT');
      for (const client of clients) expect(await server.ended(client)).toBe('fin');
      const { outcome, totalMs, stalled } = await server.done();
      expect({ outcome, totalMs, stalled }).toEqual({ outcome: 'clean', totalMs: 0, stalled: 0 });
    });

    test('from just now holds the drain for what is left of its first 100 ms', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      await server.host.advance(40);
      server.host.signal('SIGINT');
      await server.listenerClosed();
      await server.host.advance(59);
      expect(client.isOpen).toBe(true);
      await server.host.advance(1);
      expect(await server.ended(client)).toBe('fin');
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: 60 });
    });

    test('from just now that asks within its first 100 ms is answered', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      server.host.signal('SIGINT');
      await server.listenerClosed();
      await server.host.advance(50);
      client.get('/');
      const { status, headers } = await client.response();
      expect([status, headers['connection']]).toEqual([200, 'close']);
      expect((await server.done()).servedLate).toBe(1);
    });

    test('from just now whose request takes longer than those 100 ms is answered too', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      server.host.signal('SIGINT');
      await server.listenerClosed();
      await server.host.advance(50);
      client.get('/slow');
      await server.routes.called('/slow', 1);
      await server.host.advance(50);
      // In real time: the connections that were left a moment are looked at again, and ended some turns later.
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.routes.release();
      const { status, headers } = await client.response();
      expect([status, headers['connection']]).toEqual([200, 'close']);
      expect((await server.done()).servedLate).toBe(1);
    });

    test('from just now is ended while many others are being ended', async () => {
      const server = await ContractServer.start(kind);
      for (let count = 0; count < 40; count += 1) await server.connect();
      await server.host.advance(100);
      const fresh = await server.connect();
      server.host.signal('SIGINT');
      await server.host.advance(100);
      expect(await server.ended(fresh)).toBe('fin');
      expect((await server.done()).totalMs).toBeLessThanOrEqual(100);
    });

    test('that is ended stays clear of the deadline even beside a request in flight', async () => {
      const server = await ContractServer.start(kind);
      await server.connect();
      await server.hold();
      await server.drainNow();
      await server.host.advance(DEADLINE / 2);
      server.routes.release();
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW + DEADLINE / 2 });
    });
  });
});

/** Waits until what the client has sent has reached the server. */
async function sent(server: ContractServer, client: { readonly received: Buffer }): Promise<void> {
  const before = bytesRead(server);
  await eventually('the bytes to arrive', () => bytesRead(server) > before || client.received.length > 0);
}

function bytesRead({ sockets }: ContractServer): number {
  let sum = 0;
  for (const socket of sockets) sum += socket.bytesRead;
  return sum;
}
