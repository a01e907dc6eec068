import { describe, expect, test } from 'vitest';
import { ContractServer, received, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

/** How many listeners a socket of the server has, all events together. */
function listenersOf({ sockets }: ContractServer): number {
  let count = 0;
  for (const socket of sockets) {
    for (const event of socket.eventNames()) count += socket.listenerCount(event);
  }
  return count;
}

forEachServer((kind) => {
  describe('a client that goes away', () => {
    test.each(['reset', 'fin'] as const)('in the middle of a request (%s) leaves nothing in flight', async (how) => {
      const server = await ContractServer.start(kind);
      const client = await server.hold();
      if (how === 'reset') client.reset();
      else await client[Symbol.asyncDispose]();
      // Where handlers count, what goes on after the client has left is still work.
      await server.disconnected();
      await server.inFlight(kind.countsHandlers ? 1 : 0);
      server.routes.release();
      await server.inFlight(0);
      expect(server.drain.phase).toBe('serving');
    });

    test('takes its pipelined requests along', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
      await server.routes.called('/slow', 3);
      expect(server.drain.inFlight).toBe(3);
      client.reset();
      await server.disconnected();
      await server.inFlight(kind.countsHandlers ? 3 : 0);
      server.routes.release();
      await server.inFlight(0);
    });

    test('while draining lets the drain end', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.hold();
      await server.drainNow();
      client.reset();
      await server.disconnected();
      if (kind.countsHandlers) server.routes.release();
      const { outcome, totalMs, aborted } = await server.done();
      expect({ outcome, totalMs, aborted }).toEqual({ outcome: 'clean', totalMs: WINDOW, aborted: [] });
    });

    test('in the middle of a stream lets the drain end', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/stream');
      await received(client, 'begin;');
      await server.drainNow();
      client.reset();
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
    });

    test('in the middle of a body lets the drain end', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
      await server.inFlight(1);
      await server.drainNow();
      client.reset();
      const { outcome, totalMs, stalled } = await server.done();
      expect({ outcome, totalMs, stalled }).toEqual({ outcome: 'clean', totalMs: WINDOW, stalled: 0 });
    });

    test('on its side only still gets its answer', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.hold();
      await server.drainNow();
      client.end();
      await server.host.advance(0);
      server.routes.release();
      // node:http takes a FIN in the middle of a request for a client that has left, unless allowHalfOpen says otherwise.
      await client.response().catch(() => {});
      expect((await server.done()).outcome).toBe('clean');
    });
  });

  describe('requests of every form', () => {
    test('an upload that asks with Expect: 100-continue is counted, and finished while draining', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send(
        'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n',
      );
      await received(client, '100 Continue');
      expect(server.drain.inFlight).toBe(1);
      await server.drainNow();
      client.send('abcd');
      const { status, body, headers, informational } = await client.response();
      expect([status, body, headers['connection'], informational.length]).toEqual([200, 'abcd', 'close', 1]);
      expect((await server.done()).outcome).toBe('clean');
    });

    test('HEAD is counted and told to close', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      const client = await server.connect();
      const { status, body, headers } = await client.request('HEAD', '/').response();
      expect([status, body, headers['connection']]).toEqual([200, '', 'close']);
      expect(await server.ended(client)).toBe('fin');
      expect(server.drain.inFlight).toBe(0);
    });

    test('a chunked upload is finished while draining', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send(
        'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n',
      );
      await server.inFlight(1);
      await server.drainNow();
      client.send('2\r\ncd\r\n0\r\n\r\n');
      const { status, body, headers } = await client.response();
      expect([status, body, headers['connection']]).toEqual([200, 'abcd', 'close']);
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
    });

    test('a late upload whose body takes a while is finished', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      await server.hold();
      await server.drainNow();
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab');
      await server.inFlight(2);
      server.routes.release();
      await server.host.advance(1_000);
      client.send('cd');
      expect((await client.response()).body).toBe('abcd');
      expect((await server.done()).servedLate).toBe(1);
    });

    test('HTTP/1.0, which never keeps a connection, is served', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      const client = (await server.connect()).send('GET / HTTP/1.0\r\n\r\n');
      expect((await client.response()).body).toBe('fast');
      expect(await server.ended(client)).toBe('fin');
    });

    test('bytes that are no HTTP leave nothing behind', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).send('\0\x01\x02 nonsense\r\n\r\n');
      expect((await client.response()).status).toBe(400);
      await server.drainNow();
      expect((await server.done()).totalMs).toBe(WINDOW);
    });

    test('a thousand requests on one connection leave nothing in flight and no listener behind', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      const counts: number[] = [];
      for (let count = 1; count <= 1_000; count += 1) {
        await client.get('/').response();
        if (count % 500 === 0) {
          await server.inFlight(0);
          counts.push(listenersOf(server));
        }
      }
      expect(server.sockets.size).toBe(1);
      expect(counts[1]).toBe(counts[0]);
    });
  });
});
