import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ALL = Array.from({ length: 12 }, (_, index) => `job ${index + 1}`);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drainkit-jobs-test-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function start(jobMs: number): Promise<SpawnedApp> {
  return spawnApp(new URL('worker.ts', import.meta.url), {
    args: [directory],
    env: { JOB_MS: String(jobMs) },
    readyPattern: /jobs to do/,
  });
}

async function done(): Promise<string[]> {
  return (await readFile(join(directory, 'done.txt'), 'utf8')).trim().split('\n').toSorted();
}

test('left alone, the worker does every job, closes in reverse order and exits 0', async () => {
  await using worker = await start(10);
  expect((await within('the worker to exit', 10_000, worker.exited)).code).toBe(0);
  expect(await done()).toEqual(ALL.toSorted());
  expect(worker.stdout.slice(-2)).toEqual(['flushed the metrics', 'closed the queue, 0 left']);
});

test('Ctrl+C finishes the jobs in hand and gives the others back; the next run does them, each job once', async () => {
  await using first = await start(400);
  await first.waitForLine('began job 2');
  first.signal('SIGINT');
  expect((await within('the worker to exit', 10_000, first.exited)).code).toBe(0);
  const began = first.stdout.filter((line) => line.startsWith('began ')).map((line) => line.slice('began '.length));
  expect(await done()).toEqual(began.toSorted());
  expect(began.length).toBeLessThan(ALL.length);
  expect(first.stdout.at(-1)).toBe(`closed the queue, ${ALL.length - began.length} left`);

  await using second = await start(10);
  expect((await within('the second worker to exit', 10_000, second.exited)).code).toBe(0);
  expect(await done()).toEqual(ALL.toSorted());
});
