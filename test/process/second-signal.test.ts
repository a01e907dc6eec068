import { describe, expect, test } from 'vitest';
import { begin, exitOf, hasLogger, logged, reportOf, SERVERS, start, told } from './spawned.ts';

const PAIRS = [
  { first: 'SIGTERM', second: 'SIGTERM', code: 143 },
  { first: 'SIGTERM', second: 'SIGINT', code: 130 },
  { first: 'SIGINT', second: 'SIGINT', code: 130 },
] as const;

describe.each(SERVERS)('%s', (server) => {
  test.each(PAIRS)('$second after $first exits with $code at once', async ({ first, second, code }) => {
    const app = await start(server);
    await begin(app, '/hang');
    app.signal(first);
    await app.waitForLine('phase draining');
    app.signal(second);
    const exit = await exitOf(app);
    expect(exit).toMatchObject({ code, signal: null });
    expect(exit.ms).toBeLessThan(4000);
    expect(told(app, 'closing', 'closed')).toEqual([]);
    const { outcome, exitCode, resources } = reportOf(app);
    expect({ outcome, exitCode }).toEqual({ outcome: 'forced', exitCode: code });
    expect(resources.filter(({ name }) => name !== 'fastify')).toMatchObject([
      { name: 'queue', outcome: 'skipped' },
      { name: 'cache', outcome: 'skipped' },
      { name: 'database', outcome: 'skipped' },
    ]);
    const line = { level: 50, report: { exitCode: code } };
    expect(logged(app, 'report')).toMatchObject(hasLogger(server) ? [line] : []);
  });
});

test('a second signal ends the process in its window', async () => {
  const app = await start('http', { options: { window: 5000 } });
  app.signal('SIGTERM');
  await app.waitForLine('phase announcing');
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(143);
  expect(ms).toBeLessThan(4000);
});

test('a second signal ends the process while a resource hangs', async () => {
  const app = await start('http', { scene: 'hang:cache' });
  app.signal('SIGTERM');
  await app.waitForLine('closing cache');
  app.signal('SIGINT');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(130);
  expect(ms).toBeLessThan(4000);
  expect(told(app, 'closing', 'closed')).toEqual(['closing queue', 'closed queue', 'closing cache']);
});
