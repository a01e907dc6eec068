import { fakeHost, FakeClock } from '@drainkit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Drain } from '../../src/drain.ts';
import { DrainError } from '../../src/drain-error.ts';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import { WorkerPool, type WorkerPoolOptions } from '../../src/work/worker-pool.ts';
import { catchUncaught } from '../catch-uncaught.ts';
import { FakeDrainable } from '../fake-drainable.ts';

/** A pool on a clock that stands still, with what became of each task. */
class Rig {
  readonly clock: FakeClock;
  readonly pool: WorkerPool;
  readonly began: string[] = [];
  readonly ended: string[] = [];

  constructor(
    options: WorkerPoolOptions,
    make?: (options: WorkerPoolOptions) => { clock: FakeClock; pool: WorkerPool },
  ) {
    const made = make?.(options);
    this.clock = made?.clock ?? new FakeClock();
    this.pool = made?.pool ?? new WorkerPool('mail', options, this.clock);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimeout(resolve, ms));
  }

  /** Submits a task that takes `ms`. */
  submit(name: string, ms = 100): void {
    const task = async (): Promise<string> => {
      this.began.push(name);
      await this.sleep(ms);
      return name;
    };
    this.pool.submit(task, { name }).then(
      (value) => this.ended.push(value),
      (error: DrainError) => this.ended.push(`${name}: ${error.code}`),
    );
  }

  submitAll(...names: string[]): void {
    for (const name of names) this.submit(name);
  }
}

/** A pool that is part of a drain. */
function draining(poolOptions: WorkerPoolOptions, options: DrainOptions = {}) {
  const host = fakeHost();
  const drain = new Drain({ logger: false, ...options }, host);
  const rig = new Rig(poolOptions, (said) => ({ clock: host.clock, pool: drain.pool('mail', said) }));
  return { host, drain, rig };
}

describe('running', () => {
  test('so many tasks run at the same time, the others in order of submission', async () => {
    const rig = new Rig({ concurrency: 2 });
    rig.submitAll('a', 'b', 'c', 'd');
    expect([rig.began, rig.pool.running, rig.pool.queued, rig.pool.inFlight]).toEqual([['a', 'b'], 2, 2, 4]);
    await rig.clock.advance(100);
    expect(rig.began).toEqual(['a', 'b', 'c', 'd']);
    await rig.clock.advance(100);
    expect([rig.ended, rig.pool.inFlight]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  test('a task that fails, at once or later, rejects its own promise and leaves its worker to the next', async () => {
    const { pool } = new Rig({ concurrency: 1 });
    const thrown = pool.submit(() => {
      throw new Error('at once');
    });
    const rejected = pool.submit(() => Promise.reject(new Error('later')));
    const fine = pool.submit(() => 'fine');
    expect(await Promise.allSettled([thrown, rejected, fine])).toEqual([
      { status: 'rejected', reason: new Error('at once') },
      { status: 'rejected', reason: new Error('later') },
      { status: 'fulfilled', value: 'fine' },
    ]);
    expect(pool.inFlight).toBe(0);
  });

  test('with onError nobody has to look at the promise, and a listener that throws stops nothing', async () => {
    const uncaught = catchUncaught();
    const told: string[] = [];
    const { pool } = new Rig({
      concurrency: 1,
      onError: (error, name) => {
        told.push(`${name}: ${(error as Error).message}`);
        throw new Error('the listener is broken, too');
      },
    });
    void pool.submit(() => Promise.reject(new Error('bounced')), { name: 'to Anna' });
    expect(await pool.submit(() => 'fine')).toBe('fine');
    expect(told).toEqual(['to Anna: bounced']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(uncaught).toEqual([new Error('the listener is broken, too')]);
  });

  test('a task may submit another to its own pool, and wait for it where there is a worker', async () => {
    const { pool } = new Rig({ concurrency: 2 });
    expect(await pool.submit(() => pool.submit(() => 'inner'))).toBe('inner');
  });
});

describe('a full queue', () => {
  test('refuses with a code, and what was accepted goes on', async () => {
    const rig = new Rig({ concurrency: 1, queue: 1, whenFull: 'refuse' });
    rig.submitAll('a', 'b', 'c');
    await rig.clock.advance(200);
    expect(rig.ended).toEqual(['c: DRAIN_POOL_FULL', 'a', 'b']);
    expect(rig.pool.refused).toBe(0);
  });

  test('lets wait, in order, without accepting', async () => {
    const rig = new Rig({ concurrency: 1, queue: 1 });
    rig.submitAll('a', 'b', 'c', 'd');
    expect([rig.pool.queued, rig.pool.inFlight]).toEqual([1, 2]);
    await rig.clock.advance(400);
    expect(rig.ended).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of nothing at all: a task runs at once or waits', async () => {
    const rig = new Rig({ concurrency: 1, queue: 0 });
    rig.submitAll('a', 'b');
    expect(rig.pool.queued).toBe(0);
    await rig.clock.advance(200);
    expect(rig.ended).toEqual(['a', 'b']);
  });

  test('room() holds back a producer that does not wait for its tasks, and ends with the pool', async () => {
    const rig = new Rig({ concurrency: 2, queue: 3 });
    let produced = 0;
    let most = 0;
    const producing = (async () => {
      while (await rig.pool.room()) {
        rig.submit(`${(produced += 1)}`);
        most = Math.max(most, rig.pool.inFlight);
      }
    })();
    await rig.clock.advance(1_000);
    expect([produced, most]).toEqual([25, 5]);
    void rig.pool.drain();
    await rig.clock.advance(1_000);
    await producing;
    expect(rig.ended).toHaveLength(25);
  });
});

describe('resizing', () => {
  test('a pool that grows begins more at once', async () => {
    const rig = new Rig({ concurrency: 1 });
    rig.submitAll('a', 'b', 'c');
    await rig.pool.resize(3);
    expect(rig.began).toEqual(['a', 'b', 'c']);
  });

  test('a pool that shrinks lets the workers that it loses finish, and says when they have', async () => {
    const rig = new Rig({ concurrency: 3 });
    rig.submit('a', 100);
    rig.submit('b', 200);
    rig.submit('c', 300);
    rig.submit('d', 100);
    let resizedAt = Number.NaN;
    void rig.pool.resize(1).then(() => (resizedAt = rig.clock.now()));
    await rig.clock.advance(299);
    expect([rig.ended, rig.began, resizedAt]).toEqual([['a', 'b'], ['a', 'b', 'c'], 200]);
    await rig.clock.advance(101);
    expect(rig.ended).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each([0, -1, 1.5, Number.NaN, '2'])('%j is no size', (size) => {
    const { pool } = new Rig({ concurrency: 1 });
    expect(() => pool.resize(size as number)).toThrow(expect.objectContaining({ code: 'DRAIN_ARGUMENT_INVALID' }));
  });
});

describe('drained alone', () => {
  test('it finishes what it has accepted, refuses what is new or waits, and reports', async () => {
    const rig = new Rig({ concurrency: 1, queue: 1 });
    rig.submitAll('running', 'queued', 'waiting');
    const drained = rig.pool.drain({ reason: 'rebalance' });
    rig.submit('new');
    await rig.clock.advance(200);
    expect(await drained).toMatchObject({
      outcome: 'clean',
      trigger: { reason: 'rebalance' },
      inFlightAtStart: 2,
      refused: 2,
      totalMs: 200,
    });
    expect(rig.ended).toEqual(['waiting: DRAIN_WORK_REFUSED', 'new: DRAIN_WORK_REFUSED', 'running', 'queued']);
    expect(rig.clock.pending).toBe(0);
  });

  test('or hands back what is queued, each to whoever submitted it', async () => {
    const rig = new Rig({ concurrency: 1 });
    rig.submitAll('running', 'queued', 'queued, too');
    const drained = rig.pool.drain({ whenDraining: 'hand-back' });
    await rig.clock.advance(100);
    expect((await drained).totalMs).toBe(100);
    expect(rig.ended).toEqual(['queued: DRAIN_TASK_RETURNED', 'queued, too: DRAIN_TASK_RETURNED', 'running']);
    expect(rig.began).toEqual(['running']);
  });

  test('at the deadline running tasks are told, the queue is handed back, and what is left is named', async () => {
    const rig = new Rig({ concurrency: 1 });
    const told: unknown[] = [];
    const stuck = rig.pool.submit(({ signal, forceSignal }) => {
      signal.addEventListener('abort', () => told.push([rig.clock.now(), (signal.reason as DrainError).code]));
      forceSignal.addEventListener('abort', () =>
        told.push([rig.clock.now(), (forceSignal.reason as DrainError).code]),
      );
      return new Promise(() => {});
    });
    void stuck;
    rig.submit('queued');
    const drained = rig.pool.drain({ deadline: '1s', forceGrace: 100 });
    await rig.clock.advance(1_100);
    expect(await drained).toMatchObject({
      outcome: 'timed-out',
      atDeadline: [{ name: 'mail' }, { name: 'queued (queued)' }],
      aborted: [{ name: 'mail', ageMs: 1_100 }],
    });
    expect(told).toEqual([
      [0, 'DRAIN_DRAINING'],
      [1_000, 'DRAIN_DEADLINE'],
    ]);
    expect(rig.ended).toEqual(['queued: DRAIN_TASK_RETURNED']);
  });

  test('a task that begins in a drain knows it from the start', async () => {
    const rig = new Rig({ concurrency: 1 });
    rig.submit('first');
    const second = rig.pool.submit(({ signal }) => signal.aborted);
    void rig.pool.drain();
    await rig.clock.advance(100);
    expect(await second).toBe(true);
  });
});

describe('drained with everything else', () => {
  test('tasks are accepted in the window and refused after it; all that were accepted are finished', async () => {
    const { host, drain, rig } = draining({ concurrency: 1 });
    drain.add(new FakeDrainable());
    host.signal('SIGTERM');
    await host.advance(4_950);
    rig.submitAll('late', 'later');
    expect(drain.inFlight).toBe(2);
    await host.advance(50);
    rig.submit('too late');
    await host.advance(150);
    expect(rig.ended).toEqual(['too late: DRAIN_WORK_REFUSED', 'late', 'later']);
    expect(await drain.done).toMatchObject({ outcome: 'clean', totalMs: 5_150, refused: 1 });
  });

  test('with a quiet period a task may leave another behind', async () => {
    const { host, drain, rig } = draining({ concurrency: 1 }, { quietPeriod: 500 });
    rig.submit('first');
    void drain.start();
    await host.advance(300);
    rig.submit('second');
    await host.advance(600);
    expect(rig.ended).toEqual(['first', 'second']);
    expect(await drain.done).toMatchObject({ outcome: 'clean', totalMs: 900 });
  });

  test('one that is drained alone while the server serves refuses, whatever the quiet period of the whole', async () => {
    const { host, drain, rig } = draining({ concurrency: 1 }, { quietPeriod: 500 });
    const drained = rig.pool.drain();
    rig.submit('new');
    await host.advance(0);
    expect((await drained).outcome).toBe('clean');
    expect([rig.ended, drain.phase]).toEqual([['new: DRAIN_WORK_REFUSED'], 'serving']);
  });
});

const ACTS = ['submit', 'submit one that fails', 'resize up', 'resize down', 'drain', 'pass time'] as const;

test('whatever is done to a pool, every task is settled once, in bounds, and none that was handed back had begun', async () => {
  const life = fc.record({
    acts: fc.array(fc.record({ act: fc.constantFrom(...ACTS), ms: fc.nat(50) }), { maxLength: 40 }),
    concurrency: fc.integer({ min: 1, max: 4 }),
    queue: fc.nat(4),
    whenFull: fc.constantFrom('wait' as const, 'refuse' as const),
    whenDraining: fc.constantFrom('finish' as const, 'hand-back' as const),
  });
  await fc.assert(
    fc.asyncProperty(life, async ({ acts, ...options }) => {
      const clock = new FakeClock();
      const pool = new WorkerPool('mail', options, clock);
      const begun = new Set<number>();
      const outcomes = new Map<number, string[]>();
      let count = 0;
      const submit = (ms: number, fails: boolean): void => {
        const id = (count += 1);
        const settled: string[] = [];
        outcomes.set(id, settled);
        const task = async (): Promise<void> => {
          begun.add(id);
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
          if (fails) throw new Error('failed');
        };
        pool.submit(task).then(
          () => settled.push('done'),
          (error: unknown) => settled.push(error instanceof DrainError ? error.code : 'failed'),
        );
      };
      let isDrained = false;
      for (const { act, ms } of acts) {
        if (act.startsWith('submit')) submit(ms, act !== 'submit');
        if (act === 'resize up') void pool.resize(pool.concurrency + 1);
        if (act === 'resize down') void pool.resize(Math.max(1, pool.concurrency - 1));
        if (act === 'drain') void pool.drain().then(() => (isDrained = true));
        if (act === 'pass time') await clock.advance(ms);
        expect(pool.queued).toBeLessThanOrEqual(Math.max(options.queue, 0));
      }
      const drained = pool.drain();
      // Forty tasks of fifty milliseconds, one after the other, are within every deadline.
      await clock.advance(5_000);
      expect((await drained).outcome).toBe('clean');
      expect([pool.inFlight, clock.pending]).toEqual([0, 0]);
      expect(isDrained || !acts.some(({ act }) => act === 'drain')).toBe(true);
      for (const [id, settled] of outcomes) {
        expect(settled).toHaveLength(1);
        expect(begun.has(id)).toBe(settled[0] === 'done' || settled[0] === 'failed');
      }
    }),
    { numRuns: 100 },
  );
});
