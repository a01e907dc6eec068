import { eventually, type RawClient, RawClient as Client } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { ContractServer, DEADLINE, FORCE_GRACE, received, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

/** Three requests in one write. */
function pipeline(client: RawClient, ...paths: string[]): void {
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
}

/** The next three answers, as status and Connection header. */
async function answers(client: RawClient, count = 3): Promise<string[]> {
  const seen: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { status, headers } = await client.response();
    seen.push(`${status} ${headers['connection'] ?? 'keep-alive'}`);
  }
  return seen;
}

forEachServer((kind) => {
  describe('serving', () => {
    test('a new connection is served and kept alive', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 keep-alive']);
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 keep-alive']);
      expect(server.drain.phase).toBe('serving');
    });

    test('pipelined requests are answered in order on a connection that stays', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      pipeline(client, '/', '/', '/');
      expect(await answers(client)).toEqual(['200 keep-alive', '200 keep-alive', '200 keep-alive']);
      expect(client.isOpen).toBe(true);
    });

    test('a request that comes in two parts is answered', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).half('/');
      await server.host.advance(60_000);
      client.send('x\r\n\r\n');
      expect(await answers(client, 1)).toEqual(['200 keep-alive']);
    });

    test('requests are counted while they are answered', async () => {
      const server = await ContractServer.start(kind);
      const held = [await server.hold(), await server.hold()];
      expect(server.drain.inFlight).toBe(2);
      server.routes.release();
      for (const client of held) await client.response();
      await server.inFlight(0);
    });
  });

  describe('announcing', () => {
    test('a new connection is served, told to close, and ended', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      const client = await server.connect();
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
      expect(await server.ended(client)).toBe('fin');
    });

    test('a request on a kept-alive connection is served, told to close, and the connection is ended', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      server.announce();
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
      expect(await server.ended(client)).toBe('fin');
    });

    test('a kept-alive connection that asks for nothing stays open for the whole window', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      server.announce();
      await server.host.advance(WINDOW - 1);
      expect(client.isOpen).toBe(true);
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
    });

    test('of pipelined requests only the last is told to close', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      server.announce();
      pipeline(client, '/slow', '/', '/');
      await server.routes.called('/', 3);
      server.routes.release();
      expect(await answers(client)).toEqual(['200 keep-alive', '200 keep-alive', '200 close']);
      expect(await server.ended(client)).toBe('fin');
    });

    test('pipelined requests that were in flight at the signal are all answered', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      pipeline(client, '/slow', '/slow', '/slow');
      await server.routes.called('/slow', 3);
      server.announce();
      server.routes.release();
      expect(await answers(client)).toEqual(['200 keep-alive', '200 keep-alive', '200 close']);
      expect(await server.ended(client)).toBe('fin');
    });

    test('a request in flight at the signal finishes and is told to close', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.hold();
      server.announce();
      server.routes.release();
      expect(await answers(client, 1)).toEqual(['200 close']);
      expect(await server.ended(client)).toBe('fin');
    });

    test('a response whose headers were sent before the signal finishes, and the next on its connection says close', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/stream');
      await received(client, 'begin;');
      server.announce();
      server.routes.endStreams();
      expect((await client.response()).body).toBe('begin;');
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
      expect(await server.ended(client)).toBe('fin');
    });

    test('half a request from before the signal is answered when it is whole', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).half('/');
      server.announce();
      client.send('x\r\n\r\n');
      expect(await answers(client, 1)).toEqual(['200 close']);
    });

    test('half a body from before the signal is answered when it is whole', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab');
      await server.inFlight(1);
      server.announce();
      await server.host.advance(WINDOW - 1);
      client.send('cd');
      const { body, headers } = await client.response();
      expect([body, headers['connection']]).toEqual(['abcd', 'close']);
    });

    test('a connection that has sent nothing yet can still ask', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      server.announce();
      await server.host.advance(WINDOW - 1);
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
    });

    test('the window lasts as long as it was told to, and no longer', async () => {
      const server = await ContractServer.start(kind, { window: '3s' });
      server.announce();
      await server.host.advance(2_999);
      expect(server.drain.phase).toBe('announcing');
      expect(server.server.listening).toBe(true);
      await server.host.advance(1);
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: 3_000 });
    });

    test('SIGINT has no window', async () => {
      const server = await ContractServer.start(kind);
      server.host.signal('SIGINT');
      expect(server.drain.phase).toBe('draining');
      expect((await server.done()).totalMs).toBe(0);
    });
  });

  describe('draining', () => {
    test('a new connection is refused', async () => {
      const server = await ContractServer.start(kind);
      await server.hold();
      await server.drainNow();
      await expect(Client.connect(server.url)).rejects.toMatchObject({ reason: 'refused' });
      expect(server.drain.phase).toBe('draining');
    });

    test('a late request on a kept-alive connection is answered, told to close, and counted', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      const held = await server.hold();
      await server.drainNow();
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
      expect(await server.ended(client)).toBe('fin');
      server.routes.release();
      expect(await answers(held, 1)).toEqual(['200 close']);
      const { outcome, servedLate, totalMs } = await server.done();
      expect({ outcome, servedLate, totalMs }).toEqual({ outcome: 'clean', servedLate: 1, totalMs: WINDOW });
    });

    test('late pipelined requests are all answered', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connectIdle();
      await server.hold();
      await server.drainNow();
      pipeline(client, '/slow', '/', '/');
      await server.routes.called('/', 3);
      server.routes.release();
      expect(await answers(client)).toEqual(['200 keep-alive', '200 keep-alive', '200 close']);
      expect((await server.done()).servedLate).toBe(3);
    });

    test('pipelined requests that were in flight when the listener closed are all answered', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      pipeline(client, '/slow', '/slow', '/slow');
      await server.routes.called('/slow', 3);
      await server.drainNow();
      server.routes.release();
      expect(await answers(client)).toEqual(['200 keep-alive', '200 keep-alive', '200 close']);
      const { outcome, servedLate, inFlightAtStart } = await server.done();
      expect({ outcome, servedLate, inFlightAtStart }).toEqual({ outcome: 'clean', servedLate: 0, inFlightAtStart: 3 });
    });

    test('the drain ends the moment the last request in flight is answered', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.hold();
      await server.drainNow();
      await server.host.advance(1_000);
      expect(server.drain.phase).toBe('draining');
      server.routes.release();
      expect(await answers(client, 1)).toEqual(['200 close']);
      expect(await server.ended(client)).toBe('fin');
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW + 1_000 });
    });

    test('a response whose headers were sent before the signal finishes, and its connection is ended 100 ms later', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/stream');
      await received(client, 'begin;');
      await server.drainNow();
      await server.host.advance(1_000);
      server.routes.write('more;');
      server.routes.endStreams();
      expect((await client.response()).body).toBe('begin;more;');
      await server.inFlight(0);
      await server.host.advance(99);
      expect(client.isOpen).toBe(true);
      await server.host.advance(1);
      expect(await server.ended(client)).toBe('fin');
      const { outcome, totalMs } = await server.done();
      expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW + 1_100 });
    });

    test('a client that was just answered, and not told to close, can send its next request', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/stream');
      await received(client, 'begin;');
      await server.drainNow();
      server.routes.endStreams();
      await client.response();
      await server.inFlight(0);
      await server.host.advance(50);
      client.get('/');
      expect(await answers(client, 1)).toEqual(['200 close']);
      const { outcome, servedLate } = await server.done();
      expect({ outcome, servedLate }).toEqual({ outcome: 'clean', servedLate: 1 });
    });

    test('kept-alive connections are ended in order when nothing is in flight any more', async () => {
      const server = await ContractServer.start(kind);
      const clients = await Promise.all(Array.from({ length: 12 }, () => server.connectIdle()));
      await server.hold();
      await server.drainNow();
      expect(clients.map(({ isOpen }) => isOpen)).not.toContain(false);
      server.routes.release();
      const endings = await Promise.all(clients.map((client) => server.ended(client)));
      expect(new Set(endings)).toEqual(new Set(['fin']));
      expect((await server.done()).outcome).toBe('clean');
    });
  });

  describe('closing', () => {
    /** A server whose drain waits for a resource, and how to let go of it. */
    async function startClosing(prepare: (server: ContractServer) => Promise<void>): Promise<{
      readonly server: ContractServer;
      readonly letGo: () => void;
    }> {
      const server = await ContractServer.start(kind);
      let letGo: (() => void) | undefined;
      server.drain.resource('held', () => new Promise<void>((resolve) => (letGo = resolve)));
      await prepare(server);
      await server.drainNow();
      await eventually('the resource to be closed', () => letGo !== undefined);
      expect(server.drain.phase).toBe('closing');
      return { server, letGo: () => letGo?.() };
    }

    test('a new connection is refused', async () => {
      const { server, letGo } = await startClosing(async () => {});
      await expect(Client.connect(server.url)).rejects.toMatchObject({ reason: 'refused' });
      letGo();
      expect((await server.done()).outcome).toBe('clean');
    });

    test('kept-alive and bare connections have been ended before', async () => {
      const clients: RawClient[] = [];
      const { server, letGo } = await startClosing(async (it) => {
        clients.push(await it.connectIdle(), await it.connect());
      });
      for (const client of clients) expect(await server.ended(client)).toBe('fin');
      letGo();
      expect((await server.done()).totalMs).toBe(WINDOW);
    });

    test('what was in flight at the deadline has been destroyed before, and only that', async () => {
      const server = await ContractServer.start(kind);
      const order: string[] = [];
      server.drain.on('destroyed', ({ work }) => order.push(...work.map(({ name }) => name)));
      server.drain.resource('database', () => order.push('database'));
      const client = (await server.connect()).get('/hang');
      await server.routes.called('/hang');
      await server.drainNow();
      await server.host.advance(DEADLINE + FORCE_GRACE - 1);
      expect(server.drain.phase).toBe('draining');
      expect(client.isOpen).toBe(true);
      await server.host.advance(1);
      expect(['fin', 'reset']).toContain(await server.ended(client));
      expect((await server.done()).outcome).toBe('timed-out');
      expect(order).toEqual(['GET /hang', 'database']);
    });
  });
});
