import { describe, expect, test } from 'vitest';
import { ContractServer, DEADLINE, FORCE_GRACE, received, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

forEachServer((kind) => {
  describe('the signals of a request', () => {
    test('say that the drain has begun, and later that the deadline has passed', async () => {
      const server = await ContractServer.start(kind);
      await server.hold();
      const [signals] = server.routes.signals;
      const { signal, forceSignal } = signals ?? server.drain;
      expect([signal.aborted, forceSignal.aborted]).toEqual([false, false]);
      server.announce();
      expect([signal.aborted, forceSignal.aborted]).toEqual([true, false]);
      expect(signal.reason).toMatchObject({ name: 'DrainError', code: 'DRAIN_DRAINING' });
      await server.host.advance(WINDOW + DEADLINE - 1);
      expect(forceSignal.aborted).toBe(false);
      await server.host.advance(1);
      expect(forceSignal.reason).toMatchObject({ name: 'DrainError', code: 'DRAIN_DEADLINE' });
    });

    test('are their own, not those of the whole drain', async () => {
      const server = await ContractServer.start(kind);
      await server.hold();
      await server.hold();
      const [first, second] = server.routes.signals;
      expect(first?.signal).not.toBe(server.drain.signal);
      expect(first?.forceSignal).not.toBe(server.drain.forceSignal);
      expect(first?.signal).not.toBe(second?.signal);
    });

    test('say so from the start where the request comes late', async () => {
      const server = await ContractServer.start(kind);
      server.announce();
      await server.hold();
      expect(server.routes.signals.at(-1)?.signal.aborted).toBe(true);
      expect(server.routes.signals.at(-1)?.forceSignal.aborted).toBe(false);
      expect(server.routes.signals.at(-1)?.signal.reason).toMatchObject({ code: 'DRAIN_DRAINING' });
    });

    test('do not fire once the response is closed', async () => {
      const server = await ContractServer.start(kind);
      const held = await server.hold();
      const { signal } = server.routes.signals[0] ?? server.drain;
      server.routes.release();
      await held.response();
      await server.inFlight(0);
      server.announce();
      expect(signal.aborted).toBe(false);
    });

    test('let a stream end itself', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/events');
      await received(client, 'begin;');
      server.announce();
      expect((await client.response()).body).toBe('begin;bye');
    });
  });

  describe('at the deadline', () => {
    test('a handler that answers within the force grace is delivered', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/polite');
      await server.routes.called('/polite');
      await server.drainNow();
      await server.host.advance(DEADLINE);
      const { status, body, headers } = await client.response();
      expect([status, body, headers['connection']]).toEqual([503, 'try again', 'close']);
      expect(await server.ended(client)).toBe('fin');
      const { outcome, atDeadline, aborted, totalMs } = await server.done();
      expect(atDeadline.map(({ name }) => name)).toEqual(['GET /polite']);
      expect({ outcome, aborted, totalMs }).toEqual({ outcome: 'timed-out', aborted: [], totalMs: WINDOW + DEADLINE });
    });

    test('what does not answer is destroyed after the force grace, and named with its route and age', async () => {
      const server = await ContractServer.start(kind);
      const client = (await server.connect()).get('/items/7?token=secret');
      await server.routes.called('/items/:id');
      await server.host.advance(250);
      await server.drainNow();
      await server.host.advance(DEADLINE + FORCE_GRACE);
      expect(['fin', 'reset']).toContain(await server.ended(client));
      const { outcome, exitCode, atDeadline, aborted } = await server.done();
      const name = kind.hasPatterns ? 'GET /items/:id' : 'GET /items/7';
      expect(atDeadline).toEqual([{ name, ageMs: 250 + WINDOW + DEADLINE }]);
      expect(aborted).toEqual([{ name, ageMs: 250 + WINDOW + DEADLINE + FORCE_GRACE }]);
      expect({ outcome, exitCode }).toEqual({ outcome: 'timed-out', exitCode: 1 });
    });

    test('only what is in flight is destroyed; what has finished was answered', async () => {
      const server = await ContractServer.start(kind);
      const finishing = await server.hold();
      (await server.connect()).get('/hang');
      await server.routes.called('/hang');
      await server.drainNow();
      await server.host.advance(DEADLINE - 1);
      server.routes.release();
      expect((await finishing.response()).status).toBe(200);
      await server.inFlight(1);
      await server.host.advance(1 + FORCE_GRACE);
      expect((await server.done()).aborted.map(({ name }) => name)).toEqual(['GET /hang']);
    });

    test('a request that comes after it is told so at once', async () => {
      const server = await ContractServer.start(kind);
      const late = await server.connectIdle();
      await server.hold();
      await server.drainNow();
      await server.host.advance(DEADLINE);
      late.get('/polite');
      expect((await late.response()).body).toBe('try again');
      expect(server.routes.signals.at(-1)?.forceSignal.reason).toMatchObject({ code: 'DRAIN_DEADLINE' });
    });
  });
});
