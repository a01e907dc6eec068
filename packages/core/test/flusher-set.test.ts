import { fakeHost, type FakeHost } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { Drain } from '../src/drain.ts';
import type { DrainOptions } from '../src/plan/drain-options.ts';
import { closeAfter } from './measured-drain.ts';

function rig(options: DrainOptions = {}): { host: FakeHost; drain: Drain; log: string[] } {
  const host = fakeHost();
  const drain = new Drain({ logger: false, ...options }, host);
  const log: string[] = [];
  drain.on('resource', ({ resource: { name, outcome } }) => log.push(`${host.clock.now()} ${name} ${outcome}`));
  drain.on('report', ({ report }) => log.push(`${host.clock.now()} report ${report.outcome}`));
  return { host, drain, log };
}

test('it is flushed after the report, and the process ends when it is', async () => {
  const { host, drain, log } = rig();
  drain.flusher('telemetry', closeAfter(host, 300));
  drain.resource('postgres', closeAfter(host, 100));
  host.signal('SIGTERM');
  await host.advance(399);
  expect([log, host.exitCode]).toEqual([['100 postgres closed', '100 report clean'], undefined]);
  await host.advance(1);
  expect([log.at(-1), host.exitCode]).toEqual(['400 telemetry closed', 0]);
});

test('one that hangs is given up in its time, by default two seconds; one that fails holds nobody up', async () => {
  const { host, drain, log } = rig();
  drain.flusher('hangs', () => new Promise(() => {}));
  drain.flusher('fails', () => {
    throw new Error('no collector');
  });
  host.signal('SIGTERM');
  await host.advance(1_999);
  expect([log, host.exitCode]).toEqual([['0 report clean', '0 fails failed'], undefined]);
  await host.advance(1);
  expect([log.at(-1), host.exitCode]).toEqual(['2000 hangs hung', 0]);
});

test('resources that hang leave it its time', async () => {
  const { host, drain, log } = rig({ gracePeriod: '10s', window: 0, deadline: 0, closeTimeout: '1s' });
  for (const name of ['a', 'b']) drain.resource(name, () => new Promise(() => {}), { timeout: '30s' });
  drain.flusher('telemetry', closeAfter(host, 2_500), { timeout: '3s' });
  host.signal('SIGTERM');
  await host.advance(9_500);
  expect(log.at(-1)).toContain('telemetry closed');
});

test('a drain that was closed by hand flushes too', async () => {
  const { host, drain, log } = rig();
  drain.flusher('telemetry', () => {});
  void drain.close();
  await host.advance(0);
  expect(log).toEqual(['0 report clean', '0 telemetry closed']);
});

test('after a second signal nothing is flushed', async () => {
  const { host, drain, log } = rig();
  drain.flusher('telemetry', () => {});
  drain.resource('postgres', () => new Promise(() => {}));
  host.signal('SIGTERM');
  await host.advance(0);
  host.signal('SIGTERM');
  await host.advance(0);
  expect(host.exited).toBe(143);
  expect(log.join()).not.toContain('telemetry');
});

test('a second signal does not wait for what is being flushed', async () => {
  const { host, drain } = rig();
  drain.flusher('telemetry', () => new Promise(() => {}));
  host.signal('SIGTERM');
  await host.advance(0);
  expect([drain.phase, host.exited]).toEqual(['closed', undefined]);
  host.signal('SIGTERM');
  expect(host.exited).toBe(143);
});

test('one that comes when the process is ending already is flushed at once; one that comes when it lives on is too late', async () => {
  const ending = rig();
  ending.drain.resource('config', () => {});
  ending.host.signal('SIGTERM');
  await ending.host.advance(0);
  ending.drain.flusher('telemetry', () => {});
  await ending.host.advance(0);
  expect(ending.log.at(-1)).toBe('0 telemetry closed');

  const living = rig();
  void living.drain.close();
  await living.host.advance(0);
  const late = (): void => living.drain.flusher('telemetry', () => {});
  expect(late).toThrow(expect.objectContaining({ code: 'DRAIN_RESOURCE_TOO_LATE' }));
});

test('a timeout that is none is said', () => {
  const { drain } = rig();
  expect(() => drain.flusher('telemetry', () => {}, { timeout: -1 })).toThrow(
    "the timeout of flusher 'telemetry' is -1",
  );
});
