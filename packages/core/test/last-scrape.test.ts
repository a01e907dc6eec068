import { fakeHost, type FakeHost } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { Drain } from '../src/drain.ts';
import type { DrainOptions } from '../src/plan/drain-options.ts';

/** How long `leave` gives the process to end by itself, in milliseconds. */
const LINGER = 250;

function rig(options: DrainOptions = {}): { readonly host: FakeHost; readonly drain: Drain } {
  const host = fakeHost();
  return { host, drain: new Drain({ logger: false, lastScrape: '5s', ...options }, host) };
}

test('the process waits until the metrics are scraped once more', async () => {
  const { host, drain } = rig();
  drain.scraped();
  host.signal('SIGTERM');
  await host.advance(4_000);
  expect([drain.phase, host.exitCode]).toEqual(['closed', undefined]);
  drain.scraped();
  await host.advance(LINGER);
  expect(host.exited).toBe(0);
});

test('it waits no longer than it was told', async () => {
  const { host, drain } = rig();
  drain.scraped();
  host.signal('SIGTERM');
  await host.advance(4_999 + LINGER);
  expect(host.exited).toBe(undefined);
  await host.advance(1);
  expect(host.exited).toBe(0);
});

test.each([
  ['where nobody has scraped before, there is nobody to wait for', {}, false],
  ['without the option it waits for nobody', { lastScrape: 0 }, true],
] as const)('%s', async (_, options, scrapes) => {
  const { host, drain } = rig(options);
  if (scrapes) drain.scraped();
  host.signal('SIGTERM');
  await host.advance(LINGER);
  expect(host.exited).toBe(0);
});

test('the report is there before the last scrape, which is to see it', async () => {
  const { host, drain } = rig();
  drain.scraped();
  host.signal('SIGTERM');
  await host.advance(0);
  expect(await drain.done).toMatchObject({ outcome: 'clean' });
  expect(host.exitCode).toBe(undefined);
});

test('a drain that was closed by hand waits for no scrape', async () => {
  const { host, drain } = rig();
  drain.scraped();
  void drain.close();
  await host.advance(0);
  expect(await drain.done).toMatchObject({ outcome: 'clean' });
});

test('resources that hang leave it its time, and the grace period is kept', async () => {
  const { host, drain } = rig({ gracePeriod: '10s', window: 0, deadline: 0, closeTimeout: '1s' });
  drain.scraped();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
    drain.resource(name, () => new Promise(() => {}), { timeout: '9s' });
  host.signal('SIGTERM');
  await host.advance(4_600);
  expect(drain.phase).toBe('closed');
  await host.advance(4_900 + LINGER);
  expect(host.exited).toBe(1);
});

test('a second signal does not wait for it', async () => {
  const { host, drain } = rig();
  drain.scraped();
  host.signal('SIGTERM');
  await host.advance(1_000);
  expect(host.signal('SIGINT')).toBe(true);
  expect(host.exited).toBe(130);
});

test('a fault meanwhile is told, and the process ends in its time with the code that the report names', async () => {
  const { host, drain } = rig();
  drain.scraped();
  host.signal('SIGTERM');
  await host.advance(1_000);
  expect(host.fault(new Error('no collector'))).toBe(true);
  expect([host.exited, host.printedFaults.length]).toEqual([undefined, 1]);
  await host.advance(4_000 + LINGER);
  expect([host.exited, host.listenerCount()]).toEqual([0, 0]);
});

test('it is part of what has to fit the grace period', () => {
  const options: DrainOptions = { window: '5s', deadline: '10s', lastScrape: '20s' };
  expect(() => rig(options)).toThrow('+ lastScrape (20000) + 500 to exit = 41000 ms');
  expect(rig({ lastScrape: '5s' }).drain.plan.deadline).toBe(14_000);
});
