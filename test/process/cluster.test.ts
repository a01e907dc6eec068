import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DrainReport } from '@drainkit/core';
import type { PrimaryEvent, PrimaryOptions } from '@drainkit/core/processes';
import { eventually, type SpawnedApp } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { begin, exitOf, get, reportOf, start, told, type Scene } from './spawned.ts';

async function startCluster(primary: PrimaryOptions = {}, scene: Scene = {}): Promise<SpawnedApp> {
  const env = { PRIMARY: JSON.stringify({ workers: 2, ...primary }), ...scene.env };
  return start('cluster', { startTimeout: 30_000, ...scene, env });
}

function events<Type extends PrimaryEvent['type']>(
  app: SpawnedApp,
  type: Type,
): Extract<PrimaryEvent, { readonly type: Type }>[] {
  const all = told(app, 'cluster').map((line) => JSON.parse(line.slice('cluster '.length)) as PrimaryEvent);
  return all.filter((event): event is Extract<PrimaryEvent, { readonly type: Type }> => event.type === type);
}

function seen(app: SpawnedApp, type: PrimaryEvent['type'], count = 1): Promise<void> {
  return eventually(`${count} × ${type}`, () => expect(events(app, type).length).toBeGreaterThanOrEqual(count), {
    timeout: 30_000,
  });
}

async function pids(app: SpawnedApp): Promise<string[]> {
  const found = new Set<string>();
  for (let request = 0; request < 8; request += 1) found.add((await get(app, '/pid')).body);
  return [...found];
}

/** What workers print: by which trigger their drain began. */
function triggersOf(app: SpawnedApp): string[] {
  return told(app, 'worker')
    .filter((line) => !line.includes(' report '))
    .map((line) => line.split(' ').slice(2).join(' '));
}

function workerReports(app: SpawnedApp): DrainReport[] {
  return told(app, 'worker')
    .filter((line) => line.includes(' report '))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as DrainReport);
}

/** The path of a file that makes workers fail as they start, while it is there. */
async function brokenSwitch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'drainkit-cluster-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'broken');
}

test('SIGTERM to the primary has each worker keep its window, one after the other, and ends after them', async () => {
  const app = await startCluster({ stagger: 300 }, { options: { window: 300 } });
  const client = await begin(app, '/slow');
  app.signal('SIGTERM');
  // Each says so at once, the one that leaves last as well.
  await eventually('no worker to be ready', async () => {
    for (let probe = 0; probe < 4; probe += 1) expect((await get(app, '/ready')).status).toBe(503);
  });
  expect(await client.response()).toMatchObject({ status: 200, body: 'slow' });
  expect((await exitOf(app)).code).toBe(0);
  expect(triggersOf(app)).toEqual(['message: drain', 'message: drain']);
  const [first, second] = workerReports(app).map(({ startedAt }) => Date.parse(startedAt));
  expect(Math.abs((second ?? 0) - (first ?? 0))).toBeGreaterThanOrEqual(100);
  expect(workerReports(app)).toMatchObject([
    { outcome: 'clean', windowEnd: 'elapsed' },
    { outcome: 'clean', windowEnd: 'elapsed' },
  ]);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', aborted: [], resources: [{ name: 'metrics' }] });
  // The primary's own resources close when the workers are gone.
  expect(told(app, 'closed metrics', 'exit')).toEqual(['closed metrics', 'exit 0']);
  expect(events(app, 'restart')).toEqual([]);
});

test('a signal that goes to the whole process group counts once', async () => {
  const app = await startCluster();
  await begin(app, '/slow');
  for (const pid of await pids(app)) process.kill(Number(pid), 'SIGINT');
  app.signal('SIGINT');
  expect((await exitOf(app)).code).toBe(0);
  expect(events(app, 'exit').map(({ code }) => code)).toEqual([0, 0]);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean' });
});

test('a worker that hangs is killed in time for the primary to close everything, and named', async () => {
  const drain = { gracePeriod: 3000 };
  const options = { closeTimeout: 200, forceGrace: 0 };
  const app = await startCluster({ drain, stagger: 0 }, { scene: 'stubborn', options });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  const { outcome, aborted, totalMs } = reportOf(app);
  expect(outcome).toBe('timed-out');
  expect(totalMs).toBeLessThan(3000);
  expect(aborted.map(({ name }) => name.replace(/\d+\)/, 'n)'))).toEqual(['worker 1 (pid n)', 'worker 2 (pid n)']);
  expect(told(app, 'closed metrics')).toHaveLength(1);
});

test('a worker whose own drain fails is named, with its exit code', async () => {
  const app = await startCluster({ workers: 1 }, { scene: 'failing' });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  const { outcome, resources } = reportOf(app);
  expect(outcome).toBe('failed');
  expect(resources[0]?.error).toMatch(/^worker 1 \(pid \d+\) ended with code 1/);
});

test('a reload replaces each worker by one that is ready, and serves all the while', async () => {
  const app = await startCluster();
  const before = await pids(app);
  expect(before).toHaveLength(2);
  const client = await begin(app, '/slow');
  app.signal('SIGHUP');
  await seen(app, 'reload-done');
  expect(await client.response()).toMatchObject({ status: 200, body: 'slow' });
  const after = await pids(app);
  expect(after).toHaveLength(2);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  // Each was told once the next was ready, and the second once the first was gone.
  expect(told(app, 'cluster').map((line) => (JSON.parse(line.slice('cluster '.length)) as PrimaryEvent).type)).toEqual([
    'ready',
    'ready',
    'reload-began',
    'ready',
    'exit',
    'ready',
    'exit',
    'reload-done',
  ]);
  expect(events(app, 'exit')).toMatchObject([
    { code: 0, expected: true },
    { code: 0, expected: true },
  ]);
});

test('a worker that crashes as it starts ends the reload with an error, and the old ones go on', async () => {
  const broken = await brokenSwitch();
  const app = await startCluster({}, { env: { BROKEN: broken } });
  const before = await pids(app);
  writeFileSync(broken, '');
  app.signal('SIGHUP');
  await seen(app, 'reload-failed');
  expect(events(app, 'reload-failed')[0]?.error).toMatch(
    /^the reload was given up with 0 of 2 workers replaced: worker 1 \(pid \d+\) ended with code 1 before it was ready/,
  );
  expect((await pids(app)).toSorted()).toEqual(before.toSorted());
  rmSync(broken);
  app.signal('SIGHUP');
  await seen(app, 'reload-done');
  expect((await pids(app)).filter((pid) => before.includes(pid))).toEqual([]);
});

test('a worker that dies is replaced, and waited for longer each time it dies again', async () => {
  const broken = await brokenSwitch();
  const app = await startCluster({ backoff: 50 }, { env: { BROKEN: broken } });
  writeFileSync(broken, '');
  await get(app, '/crash').catch(() => {});
  await seen(app, 'restart', 3);
  rmSync(broken);
  await seen(app, 'ready', 3);
  const delays = events(app, 'restart').map(({ delayMs }) => delayMs);
  expect(delays.slice(0, 3)).toEqual([50, 100, 200]);
  expect(events(app, 'exit')[0]).toMatchObject({ code: 3, expected: false });
  expect(await pids(app)).toHaveLength(2);
});

test('a worker that dies while the next is starting leaves no extra one, and the next reload replaces all', async () => {
  const app = await startCluster({}, { scene: 'warming' });
  const first = events(app, 'ready').find(({ worker }) => worker.startsWith('worker 1 '));
  app.signal('SIGHUP');
  await seen(app, 'reload-began');
  process.kill(Number(/pid (\d+)/.exec(first?.worker ?? '')?.[1]), 'SIGKILL');
  await seen(app, 'reload-done');
  const before = await pids(app);
  app.signal('SIGHUP');
  await seen(app, 'reload-done', 2);
  const after = await pids(app);
  expect(after).toHaveLength(2);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  expect(events(app, 'restart')).toEqual([]);
});

test('a drain stops the start of the workers, which is no failure, caught or not', async () => {
  const app = await startCluster({}, { readyPattern: /^starting$/ });
  app.signal('SIGTERM');
  const { code } = await exitOf(app);
  expect({ code, stderr: app.stderr }).toEqual({ code: 0, stderr: [] });
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', faults: [], aborted: [] });
  expect(told(app, 'listening')).toEqual([]);

  const catching = await startCluster({}, { scene: 'catch', readyPattern: /^starting$/ });
  catching.signal('SIGTERM');
  expect((await exitOf(catching)).code).toBe(0);
  expect(told(catching, 'start failed:')[0]).toContain('(DRAIN_START_STOPPED: ');
});

test('where a start that fails is caught, the primary goes on trying until the worker is there', async () => {
  const broken = await brokenSwitch();
  writeFileSync(broken, '');
  const env = { BROKEN: broken };
  const app = await startCluster({ backoff: 50 }, { scene: 'catch', env, readyPattern: /^start failed/ });
  expect(told(app, 'start failed:')[0]).toMatch(/worker \d \(pid \d+\) ended with code 1 before it was ready/);
  await seen(app, 'restart', 4);
  rmSync(broken);
  await seen(app, 'ready', 2);
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
});

test('a worker is ready when it says so: one that is warming up is not', async () => {
  const app = await startCluster({ workers: 1 }, { scene: 'warming' });
  const [pid] = await pids(app);
  app.signal('SIGHUP');
  await seen(app, 'reload-done');
  expect(await pids(app)).not.toEqual([pid]);
  expect(await get(app, '/ready')).toMatchObject({ status: 200 });
});

test('a drain in the middle of a reload ends both generations', async () => {
  const app = await startCluster();
  app.signal('SIGHUP');
  await seen(app, 'reload-began');
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(events(app, 'reload-failed')[0]?.error).toMatch(/a drain began/);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', aborted: [] });
});
