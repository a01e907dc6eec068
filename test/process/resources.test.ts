import { expect, test } from 'vitest';
import { exitOf, reportOf, start, told } from './spawned.ts';

const BAD = [
  { way: 'hangs', outcome: 'hung' },
  { way: 'rejects', outcome: 'failed' },
  { way: 'throws', outcome: 'failed' },
  { way: 'rejects-late', outcome: 'hung' },
];

test.each(BAD)('one that $way is named, the others are closed, and the code is 1', async ({ way, outcome }) => {
  const app = await start('resources', {
    options: { closeTimeout: 300 },
    args: ['first:ok', `second:${way}`, 'third:at-once', 'fourth:ok'],
    readyPattern: /^ready$/,
  });
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(1);
  expect(ms).toBeLessThan(3000);
  expect(told(app, 'closing')).toEqual(['closing fourth', 'closing third', 'closing second', 'closing first']);
  expect(told(app, 'closed')).toEqual(['closed fourth', 'closed third', 'closed first']);
  const report = reportOf(app);
  expect(report).toMatchObject({ outcome: 'failed', exitCode: 1, faults: [] });
  expect(report.resources.map((resource) => `${resource.name} ${resource.outcome}`)).toEqual([
    'fourth closed',
    'third closed',
    `second ${outcome}`,
    'first closed',
  ]);
});

test('two that hang do not take the time of the third', async () => {
  const app = await start('resources', {
    options: { closeTimeout: 300 },
    args: ['first:ok', 'second:hangs', 'third:hangs'],
    readyPattern: /^ready$/,
  });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  expect(told(app, 'closed')).toEqual(['closed first']);
});

test('nothing keeps the process alive but the drain, and that suffices until all are closed', async () => {
  const app = await start('resources', { args: ['first:ok', 'second:ok'], readyPattern: /^ready$/ });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'closed')).toEqual(['closed second', 'closed first']);
  expect(told(app, 'lingering')).toEqual([]);
});
