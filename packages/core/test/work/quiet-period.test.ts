import { fakeHost } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { Drain } from '../../src/drain.ts';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import { FakeDrainable } from '../fake-drainable.ts';

function rig(options: DrainOptions = {}) {
  const host = fakeHost();
  const drain = new Drain({ logger: false, quietPeriod: '1s', ...options }, host);
  const closedAt = drain.done.then(({ totalMs, outcome }) => `${outcome} ${totalMs}`);
  return { host, drain, closedAt };
}

test('without one, work is refused as soon as the drain takes on nothing new', async () => {
  const { host, drain, closedAt } = rig({ quietPeriod: 0 });
  const work = drain.enter('import');
  void drain.start();
  await host.advance(10);
  expect(() => drain.enter('mail')).toThrow(expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' }));
  work.leave();
  await host.advance(0);
  expect(await closedAt).toBe('clean 10');
});

test('a drain in which nothing happens is over after the quiet period', async () => {
  const { host, drain, closedAt } = rig();
  void drain.start();
  await host.advance(999);
  expect(drain.phase).toBe('draining');
  await host.advance(1);
  expect(await closedAt).toBe('clean 1000');
  expect(host.clock.pendingRef).toBe(0);
});

test('the window counts: where nothing has run in it, the drain does not wait again', async () => {
  const { host, drain, closedAt } = rig({ window: '5s' });
  drain.add(new FakeDrainable());
  void drain.start();
  await host.advance(5_000);
  expect(await closedAt).toBe('clean 5000');
});

test('work that work leaves behind is taken on, and waited for', async () => {
  const { host, drain, closedAt } = rig();
  const first = drain.enter('import');
  void drain.start();
  await host.advance(500);
  first.leave();
  await host.advance(900);
  const second = drain.enter('mail');
  await host.advance(3_000);
  expect(drain.phase).toBe('draining');
  second.leave();
  await host.advance(999);
  expect(drain.phase).toBe('draining');
  await host.advance(1);
  expect(await closedAt).toBe('clean 5400');
  expect(() => drain.enter('late')).toThrow(expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' }));
});

test('what is in flight elsewhere holds it open: a request that is still served can leave work behind', async () => {
  const { host, drain, closedAt } = rig({ window: 0 });
  const server = new FakeDrainable().begin('GET /report');
  drain.add(server);
  void drain.start();
  await host.advance(4_000);
  const work = drain.enter('mail the report');
  server.end();
  await host.advance(100);
  work.leave();
  await host.advance(1_000);
  expect(await closedAt).toBe('clean 5100');
});

test('work that never stops coming is bounded by the deadline', async () => {
  const { host, drain, closedAt } = rig({ deadline: '3s', forceGrace: 0 });
  let work = drain.enter('job');
  void drain.start();
  for (let job = 0; job < 12; job += 1) {
    await host.advance(250);
    if (drain.phase !== 'draining') break;
    work.leave();
    work = drain.enter('job');
  }
  await host.advance(0);
  expect(await closedAt).toBe('timed-out 3000');
  expect(() => drain.enter('late')).toThrow(expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' }));
});

test('the deadline ends a quiet period in which nothing is in flight, and that is clean', async () => {
  const { host, drain, closedAt } = rig({ deadline: '3s' });
  const work = drain.enter('job');
  void drain.start();
  await host.advance(2_800);
  work.leave();
  await host.advance(200);
  expect(await closedAt).toBe('clean 2999');
});

test('a pool that is drained alone refuses, and stays so in the quiet period of the whole', async () => {
  const { host, drain } = rig();
  const pool = drain.pool('mail', { concurrency: 1 });
  void drain.drainPart('mail', pool);
  await host.advance(0);
  const refused = expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' });
  await expect(pool.submit(() => 1)).rejects.toEqual(refused);
  void drain.start();
  await host.advance(500);
  expect(drain.phase).toBe('draining');
  await expect(pool.submit(() => 1)).rejects.toEqual(refused);
});

test.each(['pool.drain()', 'drainPart()'])('%s in the window closes a pool for good', async (how) => {
  const { host, drain } = rig({ window: '1s' });
  drain.add(new FakeDrainable());
  const pool = drain.pool('mail', { concurrency: 1 });
  void drain.start();
  if (how === 'pool.drain()') void pool.drain();
  else void drain.drainPart('mail', pool);
  await host.advance(10);
  expect(drain.phase).toBe('announcing');
  await expect(pool.submit(() => 1)).rejects.toMatchObject({ code: 'DRAIN_WORK_REFUSED' });
});

test('a pool that hands back does so when the drain takes on nothing new, and takes on what comes in the quiet period', async () => {
  const { host, drain } = rig();
  const pool = drain.pool('mail', { concurrency: 1, whenDraining: 'hand-back' });
  const sleep = (): Promise<void> => new Promise((resolve) => void host.clock.setTimeout(resolve, 100));
  const running = pool.submit(sleep);
  const queued = pool.submit(sleep).catch((error: unknown) => error);
  void drain.start();
  await host.advance(100);
  expect(await queued).toMatchObject({ code: 'DRAIN_TASK_RETURNED' });
  await running;
  expect(await pool.submit(() => 'left behind')).toBe('left behind');
});
