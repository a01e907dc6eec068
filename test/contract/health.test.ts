import { eventually, within, type RawClient } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { ContractServer, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

async function status(client: RawClient, path: string, method = 'GET'): Promise<number> {
  return (await client.request(method, path).response()).status;
}

/** The status of a path, asked for on a connection of its own. */
async function ask(server: ContractServer, path: string, method = 'GET'): Promise<number> {
  return status(await server.connect(), path, method);
}

forEachServer((kind) => {
  describe('while serving', () => {
    test.each([
      ['/ready', '{"status":"pass"}'],
      ['/healthz', '{"status":"pass"}'],
      ['/startup', '{"status":"pass"}'],
    ])('%s answers 200 to GET and HEAD, never to be stored', async (path, body) => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      const get = await client.get(path).response();
      expect([get.status, get.body, get.headers['cache-control']]).toEqual([200, body, 'no-store']);
      expect(get.headers['content-type']).toBe('application/health+json');
      const head = await client.request('HEAD', path).response();
      expect([head.status, head.body, head.headers['cache-control']]).toEqual([200, '', 'no-store']);
      expect(head.headers['content-length']).toBe(String(body.length));
    });

    test('the query is ignored', async () => {
      const server = await ContractServer.start(kind);
      expect(await ask(server, '/ready?x=1')).toBe(200);
      expect(await ask(server, '/healthz?')).toBe(200);
    });

    test.each(['/ready/', '/readyz', '/READY', '/x/ready', '//ready', '/ready%20'])(
      '%s is not the health route',
      async (path) => {
        const server = await ContractServer.start(kind);
        expect(await ask(server, path)).toBe(404);
      },
    );

    test('no other method reaches a health route', async () => {
      const server = await ContractServer.start(kind);
      expect(await ask(server, '/ready', 'POST')).toBe(404);
      expect(await ask(server, '/healthz', 'DELETE')).toBe(404);
    });

    test('there are none with health: false', async () => {
      const server = await ContractServer.start(kind, { health: false });
      expect(await ask(server, '/ready')).toBe(404);
      expect(await ask(server, '/healthz')).toBe(404);
      expect(await ask(server, '/startup')).toBe(404);
      expect(await ask(server, '/')).toBe(200);
    });

    test('single ones can be left out or moved', async () => {
      const server = await ContractServer.start(kind, { health: { ready: '/-/ready', startup: false } });
      expect(await ask(server, '/-/ready')).toBe(200);
      expect(await ask(server, '/ready')).toBe(404);
      expect(await ask(server, '/startup')).toBe(404);
      expect(await ask(server, '/healthz')).toBe(200);
    });

    test('unready() takes the server out of rotation, and ready() brings it back', async () => {
      const server = await ContractServer.start(kind);
      const client = await server.connect();
      server.drain.unready('migrating');
      const { status: code, body } = await client.get('/ready').response();
      expect([code, body]).toEqual([503, '{"status":"fail","output":"unready"}']);
      expect(await status(client, '/healthz')).toBe(200);
      expect(await status(client, '/startup')).toBe(200);
      expect(await status(client, '/')).toBe(200);
      server.drain.ready();
      expect(await status(client, '/ready')).toBe(200);
      expect(server.drain.phase).toBe('serving');
    });
  });

  describe('with a check', () => {
    test('readiness is what the check says, never to be stored, to GET and HEAD', async () => {
      const server = await ContractServer.start(kind);
      let isUp = false;
      server.drain.check('database', async () => isUp, { cache: 0 });
      const client = await server.connect();
      const { status: code, body, headers } = await client.get('/ready?x=1').response();
      expect([code, body]).toEqual([503, '{"status":"fail","output":"a check failed"}']);
      expect(headers['cache-control']).toBe('no-store');
      expect(await status(client, '/ready', 'HEAD')).toBe(503);
      expect([await status(client, '/healthz'), await status(client, '/startup')]).toEqual([200, 200]);
      isUp = true;
      expect(await client.get('/ready').response()).toMatchObject({ status: 200, body: '{"status":"pass"}' });
    });

    /** Handshakes would be most of the time. */
    const probes = kind.tls ? 100 : 1_000;

    test(`${probes} concurrent probes run a slow one once, and all are answered within its timeout`, async () => {
      const server = await ContractServer.start(kind);
      let running = 0;
      let mostRunning = 0;
      let runs = 0;
      server.drain.check('slow', () => {
        runs += 1;
        mostRunning = Math.max(mostRunning, (running += 1));
        return new Promise(() => {});
      });
      const clients = await Promise.all(Array.from({ length: probes }, () => server.connect()));
      const answers = clients.map((client) => client.get('/ready').response());
      await eventually('every probe to wait', () => server.drain.inFlight === probes, { timeout: 10_000 });
      await server.host.advance(800);
      const codes = (await within('every probe to be answered', 10_000, Promise.all(answers))).map(
        ({ status: code }) => code,
      );
      expect(codes).toEqual(Array.from({ length: probes }, () => 503));
      // It goes on although its time is up: nobody waits for it, and it is not started again.
      await server.host.advance(60_000);
      expect(await Promise.all(clients.slice(0, 5).map((client) => status(client, '/ready')))).toEqual([
        503, 503, 503, 503, 503,
      ]);
      expect({ runs, mostRunning }).toEqual({ runs: 1, mostRunning: 1 });
    });

    test('a probe that waits for one when the drain begins is told at once, and counts as told', async () => {
      const server = await ContractServer.start(kind, { window: { min: 0, max: '10s', quiet: 0, probeFailures: 2 } });
      server.drain.check('slow', () => new Promise(() => {}));
      const client = await server.connect();
      const answer = client.get('/ready').response();
      await server.inFlight(1);
      server.announce();
      expect(await answer).toMatchObject({
        status: 503,
        body: '{"status":"fail","output":"draining"}',
        headers: { connection: 'close' },
      });
      expect(server.drain.phase).toBe('announcing');
      expect(await ask(server, '/ready')).toBe(503);
      await server.host.advance(0);
      expect(await server.done()).toMatchObject({ windowEnd: 'quiet', probeFailures: 2 });
    });
  });

  describe('through a drain', () => {
    test('readiness turns 503 at the signal, and the rest stay 200 as long as anybody can ask', async () => {
      const server = await ContractServer.start(kind);
      const late = await Promise.all(Array.from({ length: 4 }, () => server.connectIdle()));
      await server.hold();
      server.announce();
      const { status: code, body } = await (await server.connect()).get('/ready').response();
      expect([code, body]).toEqual([503, '{"status":"fail","output":"draining"}']);
      expect(await ask(server, '/ready', 'HEAD')).toBe(503);
      expect(await ask(server, '/healthz')).toBe(200);
      expect(await ask(server, '/startup')).toBe(200);
      expect(await ask(server, '/')).toBe(200);
      await server.host.advance(WINDOW);
      await server.listenerClosed();
      const paths = ['/ready', '/healthz', '/startup', '/'];
      const codes = await Promise.all(late.map((client, index) => status(client, paths[index] ?? '')));
      expect(codes).toEqual([503, 200, 200, 200]);
    });

    test.each([
      ['at-signal', 503, 503],
      ['after-window', 200, 503],
      ['never', 200, 200],
    ] as const)('readiness %s is %i while announcing and %i while draining', async (readiness, first, second) => {
      const server = await ContractServer.start(kind, { readiness });
      const late = await server.connectIdle();
      await server.hold();
      server.announce();
      expect(await ask(server, '/ready')).toBe(first);
      await server.host.advance(WINDOW);
      await server.listenerClosed();
      expect(await status(late, '/ready')).toBe(second);
    });

    test('ready() does not bring a draining server back', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      server.drain.ready();
      expect(await ask(server, '/ready')).toBe(503);
    });

    test('health answers say close, as all others do', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      const { headers } = await (await server.connect()).get('/healthz').response();
      expect(headers['connection']).toBe('close');
    });
  });

  test('enabled: false leaves the health routes and nothing else', async () => {
    const server = await ContractServer.start(kind, { enabled: false });
    expect(server.host.listenerCount()).toBe(0);
    expect(server.host.signal('SIGTERM')).toBe(false);
    const client = await server.connect();
    expect(await status(client, '/ready')).toBe(200);
    expect(await status(client, '/healthz')).toBe(200);
    const answer = client.get('/slow');
    await server.routes.called('/slow');
    expect(server.drain.inFlight).toBe(0);
    expect(server.routes.signals.map(({ signal }) => signal.aborted)).toEqual([false]);
    server.routes.release();
    expect((await answer.response()).headers['connection']).not.toBe('close');
    expect(server.server.listening).toBe(true);
  });
});
