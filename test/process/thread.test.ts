import type { SpawnedApp } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { CLOSED_IN_REVERSE, exitOf, reportOf, start, told } from './spawned.ts';

async function startWith(scene: string, companion: object = {}, until = 'thread up'): Promise<SpawnedApp> {
  const app = await start('companion', { scene, env: { COMPANION: JSON.stringify(companion) } });
  await app.waitForLine(until, 30_000);
  return app;
}

test('a thread with a drain of its own is told, finishes its job, closes what it has opened, and is waited for', async () => {
  const app = await startWith('thread:drain');
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  const [first] = reportOf(app).resources;
  expect(first).toMatchObject({ outcome: 'closed' });
  expect(first?.name).toMatch(/^drain \(thread \d+\)$/);
  expect(told(app, 'thread').slice(2)).toEqual([
    'thread told: message: shutdown',
    'thread finished its job',
    'thread closed database',
  ]);
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
});

test('a thread that is still booting is told as soon as it has a drain', async () => {
  const app = await startWith('thread:booting', { timeout: '8s' }, 'thread boots');
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(4000);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', resources: [{ outcome: 'closed' }, {}, {}, {}] });
  // Its first job has begun by then.
  expect(told(app, 'thread').filter((line) => line !== 'thread up')).toEqual([
    'thread boots',
    'thread told: message: shutdown',
    'thread finished its job',
    'thread closed database',
  ]);
});

test('a thread without one is posted what it knows', async () => {
  const app = await startWith('thread:message', { message: 'finish' });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'thread')).toEqual(['thread up', 'thread was sent finish']);
  expect(reportOf(app).resources[0]).toMatchObject({ outcome: 'closed' });
});

test('a thread that spins is terminated when its time is up, and named; everything else is closed', async () => {
  const app = await startWith('thread:spinning', { timeout: 300 });
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(1);
  expect(ms).toBeGreaterThanOrEqual(300);
  expect(ms).toBeLessThan(3000);
  const { outcome, resources } = reportOf(app);
  expect(outcome).toBe('failed');
  expect(resources[0]).toMatchObject({ outcome: 'hung' });
  expect(resources[0]?.name).toMatch(/^spinning \(thread \d+\)$/);
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  expect(told(app, 'lingering')).toEqual([]);
});

test('one that spins past the deadline as work in flight is named as destroyed', async () => {
  const app = await start('companion', {
    scene: 'thread:spinning',
    options: { deadline: 200, forceGrace: 50 },
    env: { COMPANION: JSON.stringify({ phase: 'announcing' }) },
  });
  await app.waitForLine('thread up', 30_000);
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  const { outcome, aborted } = reportOf(app);
  expect({ outcome, names: aborted.map(({ name }) => name.replace(/\d+/, 'n')) }).toEqual({
    outcome: 'timed-out',
    names: ['spinning (thread n)'],
  });
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
});
