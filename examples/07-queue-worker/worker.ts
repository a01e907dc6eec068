/**
 * A worker without a server: components that start in order, a pool that works on jobs, and a poller that fetches them. The
 * queue is a file of its own making, so that nothing has to be installed.
 *
 *     pnpm example examples/07-queue-worker/worker.ts [directory]
 *
 * Press Ctrl+C: the poller fetches nothing more, the jobs in hand are finished, those that were fetched and not begun go
 * back into the queue, and the store closes last. Start it again with that directory, and it goes on there; each job is
 * done once.
 */
import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DrainError } from '@drainkit/core';
import { createDrain } from '@drainkit/core/node';

/** How long one job takes, in milliseconds. */
const PACE = Number(process.env['JOB_MS'] ?? 500);

const directory = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'drainkit-jobs-')));
const queueFile = join(directory, 'queue.json');
const doneFile = join(directory, 'done.txt');

const drain = createDrain();
let queue: string[] = [];

drain.component({
  name: 'queue',
  // The first time there is none yet.
  start: async () => {
    queue = JSON.parse(await readFile(queueFile, 'utf8').catch(() => JSON.stringify(exampleJobs()))) as string[];
    console.log(`${directory}: ${queue.length} jobs to do`);
  },
  close: async () => {
    await writeFile(queueFile, JSON.stringify(queue));
    console.log(`closed the queue, ${queue.length} left`);
  },
});

drain.component({
  name: 'metrics',
  dependsOn: ['queue'],
  close: () => console.log('flushed the metrics'),
  stop: '1s',
});

await drain.startComponents();

const pool = drain.pool('jobs', { concurrency: 2, queue: 3, whenDraining: 'hand-back' });

const poller = drain.poll('fetch', fetchJob, { every: 50 });
await poller.done;

/** @returns whether there is more to fetch. */
async function fetchJob(): Promise<boolean> {
  await pool.room();
  const job = queue.shift();
  if (job === undefined) {
    if (pool.inFlight === 0) void drain.start('all done');
    return false;
  }
  void pool.submit(() => work(job), { name: job }).catch((error: unknown) => giveBack(job, error));
  return true;
}

async function work(job: string): Promise<void> {
  console.log(`began ${job}`);
  await sleep(PACE);
  await appendFile(doneFile, `${job}\n`);
  console.log(`done ${job}`);
}

/** One that was not begun is done by the next run. */
function giveBack(job: string, error: unknown): void {
  const isReturned = error instanceof DrainError && error.code !== 'DRAIN_POOL_FULL';
  if (isReturned) queue.push(job);
  else console.error(`${job} failed`, error);
}

function exampleJobs(): string[] {
  return Array.from({ length: 12 }, (_, index) => `job ${index + 1}`);
}
