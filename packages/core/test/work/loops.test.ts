import { fakeHost } from '@drainkit/testing';
import { describe, expect, test, vi } from 'vitest';
import { Drain } from '../../src/drain.ts';
import { DrainError } from '../../src/drain-error.ts';
import type { PollOptions } from '../../src/work/poller.ts';
import { FakeDrainable } from '../fake-drainable.ts';

function rig() {
  const host = fakeHost();
  const drain = new Drain({ logger: false }, host);
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void host.clock.setTimeout(resolve, ms));
  return { host, drain, sleep };
}

describe('sleep', () => {
  test('lasts as long as it is told, and says so', async () => {
    const { host, drain } = rig();
    let slept: boolean | undefined;
    void drain.sleep('1s').then((whole) => (slept = whole));
    await host.advance(999);
    expect(slept).toBeUndefined();
    await host.advance(1);
    expect(slept).toBe(true);
  });

  test('ends when the drain begins, in the window already, and does not hold it', async () => {
    const { host, drain } = rig();
    drain.add(new FakeDrainable());
    let slept: boolean | undefined;
    void drain.sleep('1h').then((whole) => (slept = whole));
    host.signal('SIGTERM');
    expect(drain.inFlight).toBe(0);
    await host.advance(0);
    expect([slept, drain.phase]).toEqual([false, 'announcing']);
    expect(await drain.sleep(10)).toBe(false);
  });

  test('a thousand of them are one listener, and leave none behind', async () => {
    const { host, drain } = rig();
    const added = vi.spyOn(drain.signal, 'addEventListener');
    for (let count = 0; count < 1_000; count += 1) void drain.sleep(10);
    expect(added).not.toHaveBeenCalled();
    await host.advance(10);
    expect(host.clock.pending).toBe(0);
  });

  test('what is no duration is an error', async () => {
    const { drain } = rig();
    await expect(drain.sleep('soon' as '1s')).rejects.toMatchObject({ code: 'DRAIN_ARGUMENT_INVALID' });
  });
});

describe('poll', () => {
  const polling = (run: (count: number) => unknown, options: Partial<PollOptions> = {}) => {
    const { host, drain } = rig();
    const runs: number[] = [];
    const poller = drain.poll(
      'outbox',
      () => {
        runs.push(host.clock.now());
        return run(runs.length);
      },
      { every: '1s', ...options },
    );
    return { host, drain, poller, runs };
  };

  test('runs at once, and again so long after each run is over', async () => {
    const { host, drain, sleep } = rig();
    const runs: number[] = [];
    const run = (): Promise<void> => {
      runs.push(host.clock.now());
      return sleep(500);
    };
    drain.poll('outbox', run, { every: '1s' });
    await host.advance(3_200);
    expect(runs).toEqual([0, 1_500, 3_000]);
  });

  test('a run that answers true is followed by the next at once', async () => {
    const { host, runs } = polling((count) => count < 3);
    await host.advance(1_000);
    expect(runs).toEqual([0, 0, 0, 1_000]);
  });

  test('the drain lets the run in hand finish, under its name, and begins no other', async () => {
    const { host, drain, sleep } = rig();
    const told: boolean[] = [];
    const poller = drain.poll(
      'outbox',
      async ({ signal }) => {
        await sleep(300);
        told.push(signal.aborted);
      },
      { every: 100 },
    );
    await host.advance(100);
    void drain.close();
    await host.advance(100);
    expect([drain.phase, drain.inFlight]).toEqual(['draining', 1]);
    await host.advance(100);
    await poller.done;
    expect([told, drain.phase]).toEqual([[true], 'closed']);
  });

  test('a run that outlasts the deadline is named', async () => {
    const { host, drain } = polling(() => new Promise(() => {}));
    void drain.close();
    await host.advance(30_000);
    expect(await drain.done).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'outbox' }] });
  });

  test('one that waits is woken: the drain does not wait for its pause', async () => {
    const { host, drain, poller, runs } = polling(() => {}, { every: '1h' });
    await host.advance(10);
    void drain.close();
    await host.advance(0);
    await poller.done;
    expect([runs, drain.phase, host.clock.pendingRef]).toEqual([[0], 'closed', 0]);
  });

  test('stop() ends one alone, and forgets it', async () => {
    const { host, drain, poller, runs } = polling(() => {}, { onFailure: 'unready' });
    await host.advance(1_000);
    await poller.stop();
    await host.advance(5_000);
    expect(runs).toEqual([0, 1_000]);
    drain.poll('outbox', () => {}, { every: '1s' });
    await drain.startComponents();
  });

  test('a row of failures is one failure, and the next success its recovery', async () => {
    const { host, drain } = polling((count) => {
      if (count <= 3) throw new Error(`no broker, try ${count}`);
    });
    const steps: string[] = [];
    drain.on('component', ({ component }) => steps.push(`${component.step} ${host.clock.now()}`));
    await host.advance(10_000);
    expect(steps).toEqual(['failure 0', 'recovery 3000']);
    expect(drain.phase).toBe('serving');
  });

  test.each([
    ['ignore', 200, 'serving'],
    ['unready', 503, 'serving'],
    ['drain', 503, 'closed'],
  ] as const)('onFailure %s is what follows', async (onFailure, statusCode, phase) => {
    const { host, drain } = polling(() => Promise.reject(new Error('no broker')), { onFailure });
    await host.advance(10);
    expect([(await drain.health('ready')).statusCode, drain.phase]).toEqual([statusCode, phase]);
  });

  test('waits can grow with each failure in a row', async () => {
    const { host, runs } = polling((count) => (count === 4 ? undefined : Promise.reject(new Error('no broker'))), {
      backoff: { max: '3s', jitter: false },
    });
    await host.advance(9_000);
    expect(runs).toEqual([0, 1_000, 3_000, 6_000, 7_000, 8_000]);
  });

  test('one that is begun in a drain never runs', async () => {
    const { host, drain } = rig();
    let runs = 0;
    const begin = (): unknown => drain.poll(`poller ${host.clock.now()}`, () => (runs += 1), { every: 1 });
    drain.add(new FakeDrainable().begin('GET /'));
    void drain.start();
    begin();
    await host.advance(5_000);
    expect(drain.phase).toBe('draining');
    begin();
    await host.advance(20_000);
    expect([runs, drain.phase]).toEqual([0, 'closed']);
  });

  test('one that is begun when all is being closed does not run, and fails nothing', async () => {
    const { host, drain, sleep } = rig();
    const steps: string[] = [];
    drain.on('component', ({ component }) => steps.push(component.step));
    let runs = 0;
    drain.resource('postgres', async () => {
      const poller = drain.poll('outbox', () => (runs += 1), { every: 10 });
      await Promise.all([poller.done, sleep(100)]);
    });
    void drain.close();
    await host.advance(100);
    expect([runs, steps, (await drain.done).outcome]).toEqual([0, [], 'clean']);
  });

  test('two of one name fail and recover each for itself', async () => {
    const { host, drain } = rig();
    const failing = (): never => {
      throw new Error('no broker');
    };
    drain.poll('outbox', failing, { every: '1s', onFailure: 'unready' });
    let runs = 0;
    const recovers = (): unknown => ((runs += 1) === 1 ? failing() : undefined);
    drain.poll('outbox', recovers, { every: '1s', onFailure: 'unready' });
    await host.advance(5_000);
    expect((await drain.health('ready')).statusCode).toBe(503);
  });

  test.each([Number.NaN, 0.5, '2x'])('a factor of %s is an error at once', (factor) => {
    const { drain } = rig();
    const begin = (): unknown => drain.poll('outbox', () => {}, { every: '1s', backoff: { factor: factor as number } });
    expect(begin).toThrow(/^factor is .*; allowed: a number from 1/);
  });

  test('without options it is an error that says so', () => {
    const { drain } = rig();
    const begin = (): unknown => drain.poll('outbox', () => {}, undefined as unknown as PollOptions);
    expect(begin).toThrow('the options of a poller is undefined; allowed: an object');
  });

  test('what is no duration is an error at once', () => {
    const { drain } = rig();
    const begin = (): unknown => drain.poll('outbox', () => {}, { every: -1 });
    expect(begin).toThrow(DrainError);
    expect(begin).toThrow('every is -1; allowed: milliseconds');
  });
});

describe('retry', () => {
  test('tries until it succeeds, waiting longer each time', async () => {
    const { host, drain } = rig();
    const tries: number[] = [];
    const value = drain.retry(
      (attempt) => {
        tries.push(host.clock.now());
        if (attempt < 5) throw new Error('no broker');
        return `connected at try ${attempt}`;
      },
      { first: 100, max: 500, jitter: false },
    );
    await host.advance(1_300);
    expect(await value).toBe('connected at try 5');
    expect(tries).toEqual([0, 100, 300, 700, 1_200]);
  });

  test('with jitter each wait is between half of it and all of it', async () => {
    const { host, drain } = rig();
    const tries: number[] = [];
    void drain
      .retry(
        () => {
          tries.push(host.clock.now());
          throw new Error('no broker');
        },
        { first: 1_000, factor: 1, tries: 50 },
      )
      .catch(() => {});
    await host.advance(60_000);
    const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(waits).toHaveLength(49);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
    expect(new Set(waits).size).toBeGreaterThan(10);
  });

  test('the last of its tries rejects with its own failure', async () => {
    const { host, drain } = rig();
    const tried = drain.retry((attempt) => Promise.reject(new Error(`try ${attempt}`)), { tries: 3 });
    const failure = tried.catch((error: unknown) => error);
    await host.advance(60_000);
    expect(await failure).toEqual(new Error('try 3'));
  });

  test('the drain ends it', async () => {
    const { host, drain } = rig();
    const tried = drain.retry(() => Promise.reject(new Error('no broker')), { first: '1h', max: '1h' });
    const failure = tried.catch((error: unknown) => error);
    await host.advance(10);
    void drain.close();
    expect(await failure).toMatchObject({ code: 'DRAIN_DRAINING', cause: new Error('no broker') });
    await host.advance(0);
    expect(host.clock.pendingRef).toBe(0);
  });

  test('in a drain it tries once: what has to be flushed is flushed', async () => {
    const { drain } = rig();
    void drain.close();
    expect(await drain.retry(() => 'flushed')).toBe('flushed');
    await expect(drain.retry(() => Promise.reject(new Error('no broker')))).rejects.toThrow('after 1 failed tries');
  });
});
