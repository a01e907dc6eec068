import { eventually } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { ContractServer, DEADLINE, FORCE_GRACE, received, STALL, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

/** Two resources, and the order in which they are closed. */
function registerTwo(server: ContractServer): string[] {
  const order: string[] = [];
  server.drain.resource('database', () => order.push('database'));
  server.drain.resource('cache', async () => order.push('cache'));
  return order;
}

/** What stands in the way of a drain, and how long it may do so. */
const OBSTACLES = [
  {
    name: 'one hung handler',
    until: WINDOW + DEADLINE + FORCE_GRACE,
    exitCode: 1,
    begin: async (server: ContractServer) => {
      (await server.connect()).get('/hang');
      await server.routes.called('/hang');
    },
  },
  {
    name: 'one event stream that nobody ends',
    until: WINDOW + DEADLINE + FORCE_GRACE,
    exitCode: 1,
    begin: async (server: ContractServer) => {
      const client = (await server.connect()).get('/stream');
      await received(client, 'begin;');
    },
  },
  {
    name: 'one event stream that listens to its signal',
    until: 0,
    exitCode: 0,
    begin: async (server: ContractServer) => {
      const client = (await server.connect()).get('/events');
      await received(client, 'begin;');
    },
  },
  {
    name: 'half a request',
    until: WINDOW + STALL,
    exitCode: 0,
    begin: async (server: ContractServer) => {
      (await server.connect()).half('/');
    },
  },
  {
    name: 'half a body',
    until: WINDOW + STALL,
    exitCode: 0,
    begin: async (server: ContractServer) => {
      const before = server.drain.inFlight;
      const client = await server.connect();
      client.send('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab');
      await server.inFlight(before + 1);
    },
  },
  {
    name: 'one bare connect',
    until: WINDOW,
    exitCode: 0,
    begin: async (server: ContractServer) => {
      await server.connect();
    },
  },
] as const;

forEachServer((kind) => {
  describe('holds no drain up, and every resource is closed', () => {
    test.each(OBSTACLES)('$name', async ({ begin, until, exitCode }) => {
      const server = await ContractServer.start(kind);
      const order = registerTwo(server);
      await begin(server);
      await server.drainNow();
      await server.host.advance(Math.max(0, until - WINDOW));
      const report = await server.done();
      expect(order).toEqual(['cache', 'database']);
      expect(report.totalMs).toBeLessThanOrEqual(Math.max(until, WINDOW));
      expect(report.outcome).toBe(exitCode === 0 ? 'clean' : 'timed-out');
      expect(server.host.exitCode).toBe(exitCode);
      await server.disconnected();
    });

    test('all of these together', async () => {
      const server = await ContractServer.start(kind);
      const order = registerTwo(server);
      for (const { begin } of OBSTACLES) await begin(server);
      await server.drainNow();
      await server.host.advance(DEADLINE + FORCE_GRACE);
      const { outcome, stalled, aborted } = await server.done();
      expect(order).toEqual(['cache', 'database']);
      expect({ outcome, stalled }).toEqual({ outcome: 'timed-out', stalled: 2 });
      expect(aborted.map(({ name }) => name).toSorted()).toEqual(['GET /hang', 'GET /stream']);
      expect(server.host.exitCode).toBe(1);
    });
  });

  describe('resources', () => {
    test('one whose close never settles is named, and the rest are closed', async () => {
      const server = await ContractServer.start(kind);
      const order: string[] = [];
      server.drain.resource('database', () => order.push('database'));
      server.drain.resource('stuck', () => new Promise(() => void order.push('stuck')), { timeout: 1_000 });
      server.drain.resource('cache', () => order.push('cache'));
      await server.drainNow();
      await eventually('the stuck one to be closed', () => order.includes('stuck'));
      await server.host.advance(1_000);
      const { outcome, resources, totalMs } = await server.done();
      expect(order).toEqual(['cache', 'stuck', 'database']);
      expect(resources).toContainEqual(
        expect.objectContaining({ name: 'stuck', outcome: 'hung', ms: 1_000 }) as object,
      );
      expect({ outcome, totalMs }).toEqual({ outcome: 'failed', totalMs: WINDOW + 1_000 });
      expect(server.host.exitCode).toBe(1);
    });

    test.each([
      ['rejects', () => Promise.reject(new Error('no'))],
      [
        'throws',
        () => {
          throw new Error('no');
        },
      ],
    ])('one whose close %s is named, and the rest are closed', async (_, close) => {
      const server = await ContractServer.start(kind);
      const order: string[] = [];
      server.drain.resource('database', () => order.push('database'));
      server.drain.resource('broken', close);
      server.drain.resource('cache', () => order.push('cache'));
      await server.drainNow();
      const { outcome, resources } = await server.done();
      expect(order).toEqual(['cache', 'database']);
      const failed = resources.find(({ name }) => name === 'broken');
      expect(failed).toMatchObject({ outcome: 'failed', error: 'no' });
      expect(outcome).toBe('failed');
      expect(server.host.exitCode).toBe(1);
    });
  });

  describe('an uncaught exception', () => {
    test('begins a drain that has no window and exit code 1', async () => {
      const server = await ContractServer.start(kind);
      const order = registerTwo(server);
      const client = await server.hold();
      expect(server.host.fault(new Error('oops'))).toBe(true);
      expect(server.drain.phase).toBe('draining');
      server.routes.release();
      expect((await client.response()).body).toBe('slow');
      const { outcome, faults } = await server.done();
      expect({ outcome, faults }).toEqual({ outcome: 'failed', faults: ['uncaughtException: oops'] });
      expect(order).toEqual(['cache', 'database']);
      expect(server.host.exitCode).toBe(1);
    });

    test.each(['announcing', 'draining'] as const)('while %s ends no request and closes everything', async (phase) => {
      const server = await ContractServer.start(kind);
      const order = registerTwo(server);
      const client = await server.hold();
      if (phase === 'announcing') server.announce();
      else await server.drainNow();
      server.host.fault(new Error('oops'), 'unhandledRejection');
      expect(server.host.exited).toBeUndefined();
      expect(server.drain.phase).toBe(phase);
      await server.host.advance(phase === 'announcing' ? WINDOW : 0);
      server.routes.release();
      expect((await client.response()).body).toBe('slow');
      expect((await server.done()).outcome).toBe('failed');
      expect(order).toEqual(['cache', 'database']);
      expect(server.host.exitCode).toBe(1);
    });
  });

  describe('a second signal', () => {
    test.each(['announcing', 'draining'] as const)('while %s exits at once with 128 + its number', async (phase) => {
      const server = await ContractServer.start(kind);
      await server.hold();
      if (phase === 'announcing') server.announce();
      else await server.drainNow();
      server.host.signal('SIGTERM');
      expect(server.host.exited).toBe(143);
      expect((await server.done()).outcome).toBe('forced');
    });

    test('while closing exits at once, and says what was not closed', async () => {
      const server = await ContractServer.start(kind);
      server.drain.resource('database', () => {});
      let closing = false;
      server.drain.resource('stuck', () => new Promise(() => (closing = true)));
      await server.drainNow();
      await eventually('the stuck one to be closed', () => closing);
      server.host.signal('SIGINT');
      expect(server.host.exited).toBe(130);
      const { resources } = await server.done();
      const open = resources.filter(({ outcome }) => outcome !== 'closed').map(({ name, outcome }) => [name, outcome]);
      expect(open).toEqual([
        ['stuck', 'hung'],
        ['database', 'skipped'],
      ]);
    });
  });

  test('the process is ended a little before the grace period, whatever happens', async () => {
    const server = await ContractServer.start(kind, { gracePeriod: '20s', window: '2s', deadline: '10s' });
    server.drain.resource('stuck', () => new Promise(() => {}), { timeout: 60_000 });
    server.drain.resource('stuck too', () => new Promise(() => {}), { timeout: 60_000 });
    (await server.connect()).get('/hang');
    await server.routes.called('/hang');
    await server.drainNow();
    await server.host.advance(18_000);
    const { resources, totalMs } = await server.done();
    expect(totalMs).toBeLessThanOrEqual(19_500);
    expect(resources.filter(({ outcome }) => outcome === 'hung').map(({ name }) => name)).toEqual([
      'stuck too',
      'stuck',
    ]);
    expect(server.host.exitCode).toBe(1);
  });
});
