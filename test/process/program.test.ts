import { expect, test } from 'vitest';
import { CLOSED_IN_REVERSE, exitOf, reportOf, start, told } from './spawned.ts';

test('a program without HTTP finishes its job, closes everything and exits with 0', async () => {
  const app = await start('program', { options: { window: 10_000 }, readyPattern: /^ready$/ });
  await app.waitForLine('began 1');
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(0);
  // Nobody reaches it, so there is nobody to announce anything to.
  expect(ms).toBeLessThan(5000);
  expect(told(app, 'began', 'done', 'closing', 'closed')).toEqual(['began 1', 'done 1', ...CLOSED_IN_REVERSE]);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', inFlightAtStart: 1 });
});

test('a job that outlasts the deadline is named', async () => {
  const options = { deadline: 100, forceGrace: 50 };
  const app = await start('program', { options, readyPattern: /^ready$/ });
  await app.waitForLine('began 1');
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  expect(reportOf(app)).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'job 1' }] });
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
});

test('two drains in one process both finish before it exits', async () => {
  const app = await start('two-drains', { readyPattern: /^ready$/ });
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(4000);
  expect(told(app, 'closed')).toEqual(['closed quick', 'closed slow']);
  expect(told(app, 'quick', 'slow').filter((line) => line.includes('lingering'))).toHaveLength(1);
});

test('of two drains the one that fails decides the code', async () => {
  const app = await start('two-drains', { scene: 'quick-fails', readyPattern: /^ready$/ });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  expect(told(app, 'closed')).toEqual(['closed slow']);
});
