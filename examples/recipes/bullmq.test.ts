import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Queue, Worker, type Job } from 'bullmq';
import { eventually, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { bullWorker } from './bullmq.ts';
import { HeldHandler, startAgain, testDrain } from './test-drain.ts';

needs('Redis');

const connection = { url: SERVICES.Redis, maxRetriesPerRequest: null };

function scene(): { queue: Queue; name: string } {
  const name = ownName('recipe');
  const queue = new Queue(name, { connection });
  onTestFinished(async () => {
    await queue.obliterate({ force: true });
    await queue.close();
  });
  return { queue, name };
}

test('a worker takes no more jobs, completes the one in hand once, and closes', async () => {
  const { queue, name } = scene();
  const handler = new HeldHandler();
  const process = (job: Job): Promise<void> => handler.handle(job.name);
  const drain = testDrain();
  drain.component(bullWorker(name, () => new Worker(name, process, { connection, autorun: false })));
  await drain.startComponents();
  for (const text of ['a', 'b', 'c']) await queue.add(text, {});
  await eventually('a job to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  await queue.add('d', {});
  handler.release();
  const report = await within('the drain', 5_000, done);

  expect(report).toMatchObject({ outcome: 'clean', resources: [{ name: `bullmq ${name}`, outcome: 'closed' }] });
  expect(handler.finished).toEqual(['a']);
  expect(await queue.getJobCounts('completed', 'active', 'waiting', 'failed')).toEqual({
    completed: 1,
    active: 0,
    waiting: 3,
    failed: 0,
  });
});

test('a job that never ends has until the deadline; its signal then aborts, and the worker closes without it', async () => {
  const { queue, name } = scene();
  const handler = new HeldHandler();
  let aborted: unknown;
  const process = (job: Job, _token?: string, signal?: AbortSignal): Promise<void> => {
    signal?.addEventListener('abort', () => (aborted = signal.reason));
    return handler.handle(job.name);
  };
  const drain = testDrain({ deadline: 200, forceGrace: 50 });
  drain.component(bullWorker(name, () => new Worker(name, process, { connection, autorun: false })));
  await drain.startComponents();
  await queue.add('stuck', {});
  await eventually('the job to be in hand', () => handler.begun.length === 1);

  const report = await within('the drain', 3_000, drain.start('test'));

  expect(report.exitCode).toBe(1);
  expect(report.aborted).toMatchObject([{ name: `quiesce bullmq ${name}` }]);
  expect(report.resources).toMatchObject([{ name: `bullmq ${name}`, outcome: 'closed' }]);
  expect(String(aborted)).toContain('deadline');
  expect(await queue.getJobCounts('active', 'completed')).toEqual({ active: 1, completed: 0 });
});

test('a drain that begins while Redis does not answer ends at once', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const name = ownName('recipe');
  const drain = testDrain();
  const process = async (): Promise<void> => {};
  drain.component(
    bullWorker(
      name,
      () =>
        new Worker(name, process, { connection: { ...connection, url: `redis://127.0.0.1:${port}` }, autorun: false }),
    ),
  );
  const starting = drain.startComponents();

  const report = await within('the drain', 2_000, drain.start('test'));

  expect(report.outcome).toBe('clean');
  await expect(starting).rejects.toMatchObject({ code: 'DRAIN_START_STOPPED' });
});

test('a worker that waits for a job closes at once', async () => {
  const { name } = scene();
  const process = async (): Promise<void> => {};
  const drain = testDrain();
  drain.component(bullWorker(name, () => new Worker(name, process, { connection, autorun: false })));
  await drain.startComponents();

  expect(await within('the drain', 2_000, drain.start('test'))).toMatchObject({ outcome: 'clean' });
});

test('a worker that was closed because another failed to start can be started again', async () => {
  const { queue, name } = scene();
  const handled: string[] = [];
  const process = async (job: Job): Promise<void> => void handled.push(job.name);
  const drain = testDrain();
  drain.component(bullWorker(name, () => new Worker(name, process, { connection, autorun: false })));

  await startAgain(drain);
  await queue.add('a', {});
  await eventually('the job to be done', () => handled.length === 1);

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
});

test.each([
  { attempts: 1, counts: { failed: 1, waiting: 0 } },
  { attempts: 2, counts: { failed: 0, waiting: 1 } },
])(
  'a job that heeds its signal by rejecting has failed, and is tried again where it has attempts left: $attempts',
  async ({ attempts, counts }) => {
    const { queue, name } = scene();
    let begun = false;
    const process = (_job: Job, _token?: string, signal?: AbortSignal): Promise<void> => {
      begun = true;
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    };
    const drain = testDrain({ deadline: 200, forceGrace: 200 });
    drain.component(bullWorker(name, () => new Worker(name, process, { connection, autorun: false })));
    await drain.startComponents();
    await queue.add('long', {}, { attempts });
    await eventually('the job to be in hand', () => begun);

    await within('the drain', 3_000, drain.start('test'));

    expect(await queue.getJobCounts('failed', 'waiting', 'active')).toEqual({ ...counts, active: 0 });
  },
);
