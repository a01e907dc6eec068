import { describe, expect, test } from 'vitest';
import type { SpawnedApp } from '@drainkit/testing';
import { begin, CLOSED_IN_REVERSE, exitOf, get, hasLogger, logged, reportOf, SERVERS, start, told } from './spawned.ts';

const FAULTS = [
  { kind: 'uncaughtException', path: '/throw', word: 'throw', message: 'thrown where nobody catches' },
  { kind: 'unhandledRejection', path: '/reject', word: 'reject', message: 'rejected where nobody looks' },
] as const;

/** On the log where there is one, else on standard error, as Node itself would have. */
function expectSaid(app: SpawnedApp, logs: boolean, { kind, message }: (typeof FAULTS)[number]): void {
  expect(logged(app, 'fault')).toMatchObject(logs ? [{ level: 50, kind, err: { message } }] : []);
  expect(app.stderr.join('\n')).toMatch(logs ? /^$/ : new RegExp(`${message}\n +at `));
  expect(reportOf(app).faults).toEqual([`${kind}: ${message}`]);
}

describe.each(SERVERS)('%s', (server) => {
  const logs = hasLogger(server);

  test.each(FAULTS)('an $kind while serving drains, without a window, and exits with 1', async (fault) => {
    const app = await start(server, { options: { window: 10_000 } });
    const client = await begin(app, '/slow');
    expect((await get(app, fault.path)).status).toBe(200);
    expect(await client.response()).toMatchObject({ status: 200, body: 'slow' });
    expect((await exitOf(app)).code).toBe(1);
    expect(told(app, 'slow', 'closing', 'closed')).toEqual(['slow began', 'slow done', ...CLOSED_IN_REVERSE]);
    const expected = { outcome: 'failed', exitCode: 1, trigger: { kind: 'fault' }, windowEnd: 'skipped' };
    expect(reportOf(app)).toMatchObject(expected);
    expectSaid(app, logs, fault);
  });

  test.each(['announcing', 'draining', 'closing'])('a fault while %s is told, and the drain goes on', async (phase) => {
    const [fault] = FAULTS;
    const app = await start(server, { options: { window: 200 }, scene: `${fault.word}-in:${phase}` });
    const client = await begin(app, '/slow');
    app.signal('SIGTERM');
    expect(await client.response()).toMatchObject({ status: 200, body: 'slow' });
    expect((await exitOf(app)).code).toBe(1);
    expect(told(app, 'slow', 'closing', 'closed')).toEqual(['slow began', 'slow done', ...CLOSED_IN_REVERSE]);
    expect(reportOf(app)).toMatchObject({ outcome: 'failed', exitCode: 1, trigger: { reason: 'SIGTERM' } });
    expectSaid(app, logs, fault);
  });
});

test('an unhandled rejection while draining is told, and the drain goes on', async () => {
  const [, fault] = FAULTS;
  const app = await start('fastify', { scene: `${fault.word}-in:draining` });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  expectSaid(app, true, fault);
});

test.each(['fastify', 'express'] as const)('with logger: false, %s says a fault on standard error', async (server) => {
  const [fault] = FAULTS;
  const app = await start(server, { options: { logger: false } });
  await get(app, fault.path);
  expect((await exitOf(app)).code).toBe(1);
  expectSaid(app, false, fault);
  expect(app.logs).toEqual([]);
});

test('with faults: false, an uncaught exception ends the process as it would without a drain', async () => {
  const app = await start('http', { options: { faults: false } });
  await begin(app, '/slow');
  void get(app, '/throw').catch(() => {});
  expect((await exitOf(app)).code).toBe(1);
  expect(told(app, 'phase', 'closing', 'slow done')).toEqual([]);
  expect(app.stderr.join('\n')).toContain('thrown where nobody catches');
});

test('an onClose hook of Fastify that throws stops nothing', async () => {
  const app = await start('fastify', { options: { closeTimeout: 400 }, scene: 'throw:onClose' });
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(1);
  expect(ms).toBeLessThan(4000);
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  expectSaid(app, true, FAULTS[0]);
});
