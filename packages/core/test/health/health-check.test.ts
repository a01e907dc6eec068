import { FakeClock, within } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { DrainError } from '../../src/drain-error.ts';
import { HealthCheck, type CheckFunction, type CheckOptions, type CheckResult } from '../../src/health/health-check.ts';

/** A check that runs until it is told how to end, and counts its runs. */
class Subject {
  readonly clock = new FakeClock();
  readonly check: HealthCheck;
  readonly signals: AbortSignal[] = [];
  runs = 0;
  running = 0;
  mostRunning = 0;
  #settle: ((error?: Error) => void)[] = [];

  constructor(options: CheckOptions = {}, run?: CheckFunction) {
    this.check = new HealthCheck('db', run ?? ((signal) => this.#run(signal)), options, this.clock);
  }

  result(): Promise<CheckResult> {
    return Promise.resolve(this.check.result());
  }

  async settle(error?: Error): Promise<void> {
    for (const settle of this.#settle.splice(0)) settle(error);
    await this.clock.advance(0);
  }

  #run(signal: AbortSignal): Promise<void> {
    this.runs += 1;
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    this.signals.push(signal);
    return new Promise((resolve, reject) => {
      this.#settle.push((error) => {
        this.running -= 1;
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }
}

const codeOf = ({ error }: CheckResult): unknown => (error instanceof DrainError ? error.code : error);

test('what settles passes, what throws or rejects fails with its error, what gives false fails', async () => {
  const boom = new Error('connection refused');
  const ways: readonly (readonly [CheckFunction, string, unknown])[] = [
    [() => undefined, 'pass', undefined],
    [async () => 'whatever', 'pass', undefined],
    [() => false, 'fail', 'DRAIN_CHECK_FAILED'],
    [async () => false, 'fail', 'DRAIN_CHECK_FAILED'],
    [
      () => {
        throw boom;
      },
      'fail',
      boom,
    ],
    [() => Promise.reject(boom), 'fail', boom],
  ];
  for (const [run, status, error] of ways) {
    const result = await new Subject({}, run).result();
    expect([result.name, result.status, codeOf(result)]).toEqual(['db', status, error]);
  }
});

test('however many ask at the same time, it runs once, and all are told the same', async () => {
  const it = new Subject();
  const results = Array.from({ length: 1_000 }, () => it.result());
  await it.clock.advance(30);
  await it.settle();
  expect(new Set(await Promise.all(results)).size).toBe(1);
  expect(await results[0]).toMatchObject({ status: 'pass', ms: 30 });
  expect(it.runs).toBe(1);
});

test('a result is good for the cache time, and no longer', async () => {
  const it = new Subject({ cache: '2s' });
  const first = it.result();
  await it.settle();
  await it.clock.advance(1_999);
  expect(it.check.result()).toBe(await first);
  await it.clock.advance(1);
  expect(it.check.result()).toBeInstanceOf(Promise);
  expect(it.runs).toBe(2);
});

test('with cache 0 it runs whenever somebody asks, one at a time', async () => {
  const it = new Subject({ cache: 0 });
  for (const runs of [1, 2]) {
    const results = [it.result(), it.result()];
    await it.settle();
    await Promise.all(results);
    expect(it.runs).toBe(runs);
  }
});

describe('one that takes too long', () => {
  test('fails when its time is up, and is told by its signal', async () => {
    const it = new Subject({ timeout: 300 });
    const result = it.result();
    await it.clock.advance(299);
    expect(it.signals[0]?.aborted).toBe(false);
    await it.clock.advance(1);
    expect(codeOf(await within('the check to fail', 1_000, result))).toBe('DRAIN_CHECK_TIMEOUT');
    expect(await result).toMatchObject({ status: 'fail', ms: 300 });
    expect(it.signals[0]?.reason).toMatchObject({ code: 'DRAIN_CHECK_TIMEOUT' });
  });

  test('whoever comes late waits no longer than those before', async () => {
    const it = new Subject({ timeout: 300 });
    void it.result();
    await it.clock.advance(200);
    const late = it.result();
    await it.clock.advance(100);
    expect(codeOf(await within('the check to fail', 1_000, late))).toBe('DRAIN_CHECK_TIMEOUT');
  });

  test('is not started again before it has settled; until then it has failed, and nobody waits', async () => {
    const it = new Subject({ timeout: 300, cache: 0 });
    void it.result();
    for (let asked = 0; asked < 10; asked += 1) {
      await it.clock.advance(1_000);
      expect(it.check.result()).toMatchObject({ status: 'fail' });
    }
    expect([it.runs, it.mostRunning]).toEqual([1, 1]);
    await it.settle();
    const again = it.result();
    await it.settle();
    expect(await again).toMatchObject({ status: 'pass' });
    expect([it.runs, it.mostRunning]).toEqual([2, 1]);
  });

  test('a rejection that comes too late is nobody’s unhandled one', async () => {
    const it = new Subject({ timeout: 300 });
    const result = it.result();
    await it.clock.advance(300);
    await it.settle(new Error('too late'));
    expect(codeOf(await result)).toBe('DRAIN_CHECK_TIMEOUT');
    expect(codeOf(it.check.last ?? (await result))).toBe('DRAIN_CHECK_TIMEOUT');
  });
});

test('one that is stopped fails at once, and its timer is gone', async () => {
  const it = new Subject();
  const result = it.result();
  it.check.stop();
  expect(codeOf(await within('the check to fail', 1_000, result))).toBe('DRAIN_DRAINING');
  expect(it.signals[0]?.aborted).toBe(true);
  await it.clock.advance(10_000);
  expect(codeOf(it.check.last ?? (await result))).toBe('DRAIN_DRAINING');
});

test('stopping one that does not run changes nothing', async () => {
  const it = new Subject();
  const result = it.result();
  await it.settle();
  it.check.stop();
  expect(it.check.last).toBe(await result);
});

test.each([
  ['', () => {}, {}],
  [5, () => {}, {}],
  ['db:read', () => {}, {}],
  ['db', undefined, {}],
  ['db', () => {}, { timeout: 'soon' }],
  ['db', () => {}, { cache: -1 }],
  ['db', () => {}, { affects: 'readiness' }],
  ['db', () => {}, { timeot: '1s' }],
  ['db', () => {}, null],
])('a check %j, %o, %j is refused', (name, run, options) => {
  const make = (): HealthCheck =>
    new HealthCheck(name as string, run as CheckFunction, options as CheckOptions, new FakeClock());
  expect(make).toThrow(expect.objectContaining({ code: 'DRAIN_CHECK_INVALID' }) as Error);
});

test('an option that is misspelt is named with the nearest right one', () => {
  const options = { timeot: '1s', affects: 'live' } as CheckOptions;
  const make = (): HealthCheck => new HealthCheck('db', () => {}, options, new FakeClock());
  expect(make).toThrow("check 'db' cannot be used: timeot is no option; did you mean timeout?");
});
