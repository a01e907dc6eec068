import { FakeClock } from '@drainkit/testing';
import { expect, test } from 'vitest';
import type { PrimaryEvent } from '../../src/processes/primary-event.ts';
import { resolvePrimary } from '../../src/processes/primary-options.ts';
import { WorkerSlot } from '../../src/processes/worker-slot.ts';
import { FakeWorker } from './fake-worker.ts';

/** A slot on a clock that stands still. The first of its workers has the process id 1. */
class Rig {
  readonly clock = new FakeClock();
  readonly workers: FakeWorker[] = [];
  readonly events: PrimaryEvent[] = [];
  readonly slot: WorkerSlot;
  replaces = true;
  /** Whether no process can be started. */
  isExhausted = false;

  constructor() {
    const { workers, clock, events } = this;
    const isReplacing = (): boolean => this.replaces;
    this.slot = new WorkerSlot(1, {
      plan: resolvePrimary({ workers: 1, backoff: 100 }),
      clock,
      grace: 5_000,
      get replaces() {
        return isReplacing();
      },
      fork: (index) => {
        if (this.isExhausted) throw new Error('spawn ENOMEM');
        const worker = new FakeWorker(index, workers.length + 1, clock);
        workers.push(worker);
        return worker.process;
      },
      emit: (event) => events.push(event),
    });
  }

  worker(pid: number): FakeWorker {
    const worker = this.workers[pid - 1];
    if (worker === undefined) throw new Error(`no worker ${pid} was forked`);
    return worker;
  }

  /** Fills the slot. */
  async filled(): Promise<this> {
    const started = this.slot.start();
    this.worker(1).becomeReady();
    await started;
    return this;
  }

  /** How long after each failure another is started. */
  get delays(): number[] {
    return this.events.flatMap((event) => (event.type === 'restart' ? [event.delayMs] : []));
  }
}

test('a worker that dies is replaced, later each time', async () => {
  const rig = await new Rig().filled();
  rig.worker(1).end(1);
  await rig.clock.advance(99);
  expect(rig.workers).toHaveLength(1);
  await rig.clock.advance(1);
  rig.worker(2).end(1);
  await rig.clock.advance(200);
  expect(rig.workers).toHaveLength(3);
  expect(rig.events).toContainEqual({ type: 'restart', worker: 'worker 1 (pid 2)', delayMs: 200 });
});

test('a worker that dies while its successor is starting is not replaced twice', async () => {
  const rig = await new Rig().filled();
  const replaced = rig.slot.replace();
  await rig.clock.advance(0);
  rig.worker(1).end(null, 'SIGKILL');
  await rig.clock.advance(1_000);
  rig.worker(2).becomeReady();
  await replaced;
  await rig.clock.advance(60_000);
  expect(rig.workers).toHaveLength(2);
  expect(rig.delays).toEqual([]);
});

test('where the successor fails as well, another is started', async () => {
  const rig = await new Rig().filled();
  const replaced = rig.slot.replace().catch((error: Error) => error.message);
  await rig.clock.advance(0);
  rig.worker(1).end(null, 'SIGKILL');
  rig.worker(2).end(1);
  expect(await replaced).toMatch(/^worker 1 \(pid 2\) ended with code 1 before it was ready/);
  await rig.clock.advance(100);
  expect(rig.workers).toHaveLength(3);
});

test('where the successor fails and the worker goes on, nothing is started', async () => {
  const rig = await new Rig().filled();
  const replaced = rig.slot.replace().catch(() => 'failed');
  await rig.clock.advance(0);
  rig.worker(2).end(1);
  expect(await replaced).toBe('failed');
  await rig.clock.advance(60_000);
  expect(rig.workers).toHaveLength(2);
});

test('a replacement waits for a worker that is starting, which may be of an older version, and replaces it', async () => {
  const rig = await new Rig().filled();
  rig.worker(1).end(1);
  await rig.clock.advance(100);
  const replaced = rig.slot.replace();
  await rig.clock.advance(0);
  expect(rig.workers).toHaveLength(2);
  rig.worker(2).becomeReady();
  await rig.clock.advance(0);
  rig.worker(3).becomeReady();
  await rig.clock.advance(0);
  expect(rig.worker(2).sent).toEqual([{ drainkit: 'leave' }]);
  rig.worker(2).end(0);
  await replaced;
  expect(rig.worker(3).sent).toEqual([]);
});

test('a replacement begins at once where a worker is waiting to be started again', async () => {
  const rig = await new Rig().filled();
  rig.worker(1).end(1);
  await rig.clock.advance(50);
  const replaced = rig.slot.replace();
  await rig.clock.advance(0);
  rig.worker(2).becomeReady();
  await replaced;
  await rig.clock.advance(60_000);
  expect(rig.workers).toHaveLength(2);
});

test('a first worker that does not become ready is tried again, later each time', async () => {
  const rig = new Rig();
  const started = rig.slot.start();
  rig.worker(1).end(1);
  await expect(started).rejects.toMatchObject({ code: 'DRAIN_WORKER_FAILED' });
  await rig.clock.advance(100);
  rig.worker(2).end(1);
  await rig.clock.advance(200);
  rig.worker(3).becomeReady();
  await rig.clock.advance(60_000);
  expect(rig.workers).toHaveLength(3);
  expect(rig.delays).toEqual([100, 200]);
});

test('where no process can be started, another is tried later', async () => {
  const rig = await new Rig().filled();
  rig.isExhausted = true;
  rig.worker(1).end(1);
  await rig.clock.advance(100);
  rig.isExhausted = false;
  await rig.clock.advance(200);
  expect(rig.workers).toHaveLength(2);
  expect(rig.delays).toEqual([100, 200]);
});

test('starting a slot again starts no second worker', async () => {
  const rig = new Rig();
  const started = [rig.slot.start(), rig.slot.start()];
  rig.worker(1).becomeReady();
  await Promise.all(started);
  await rig.slot.start();
  expect(rig.workers).toHaveLength(1);
});

test('nothing is started any more once a drain has begun', async () => {
  const rig = await new Rig().filled();
  rig.worker(1).end(1);
  await rig.clock.advance(50);
  rig.replaces = false;
  rig.slot.stop();
  await rig.clock.advance(60_000);
  expect(rig.workers).toHaveLength(1);

  const late = await new Rig().filled();
  late.replaces = false;
  late.worker(1).end(1);
  await late.clock.advance(60_000);
  expect(late.workers).toHaveLength(1);
});
