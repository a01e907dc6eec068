import { fakeHost, type FakeHost } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import type { Component, ComponentOptions } from '../../src/components/component.ts';
import { Drain } from '../../src/drain.ts';
import { DrainError } from '../../src/drain-error.ts';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import type { DrainReport } from '../../src/report/drain-report.ts';
import { FakeDrainable } from '../fake-drainable.ts';
import { statusOf } from '../status-of.ts';

const never = (): Promise<never> => new Promise(() => {});
const broken = (text: string) => (): Promise<never> => Promise.reject(new Error(text));

/** A drain on a clock that stands still, with components that note what is asked of them. */
class Rig {
  readonly host: FakeHost = fakeHost();
  readonly drain: Drain;
  readonly log: string[] = [];
  report: DrainReport | undefined;
  /** What `startComponents` came to. */
  started: 'yes' | DrainError | undefined;

  constructor(options: DrainOptions = {}) {
    this.drain = new Drain({ logger: false, ...options }, this.host);
    void this.drain.done.then((report) => (this.report = report));
    this.drain.on('readiness', ({ ready, reason }) => this.note(`${ready ? 'ready' : 'unready'}: ${reason}`));
  }

  note(text: string): void {
    this.log.push(`${this.host.clock.now()} ${text}`);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.host.clock.setTimeout(resolve, ms));
  }

  /** A component whose start and close take some time each. */
  component(name: string, options: Partial<ComponentOptions> & { startMs?: number; closeMs?: number } = {}): Component {
    const { startMs = 0, closeMs = 0, ...rest } = options;
    return this.drain.component({
      name,
      start: async () => {
        this.note(`start ${name}`);
        if (startMs > 0) await this.sleep(startMs);
      },
      quiesce: () => this.note(`quiesce ${name}`),
      close: async () => {
        this.note(`close ${name}`);
        if (closeMs > 0) await this.sleep(closeMs);
      },
      ...rest,
    });
  }

  /** A server that listens: the drain has somebody to announce itself to. */
  listening(): FakeDrainable {
    const server = new FakeDrainable();
    this.drain.add(server);
    return server;
  }

  async start(ms = 0): Promise<this> {
    void this.drain.startComponents().then(
      () => (this.started = 'yes'),
      (error: DrainError) => (this.started = error),
    );
    await this.host.advance(ms);
    return this;
  }

  get error(): DrainError {
    if (this.started instanceof DrainError) return this.started;
    throw new Error(`startComponents came to ${String(this.started)}`);
  }
}

describe('a whole life', () => {
  test('components start in order, are quiesced together when the drain begins, and close in reverse order', async () => {
    const rig = new Rig();
    rig.component('api', { dependsOn: ['db', 'queue'], startMs: 10 });
    rig.component('db', { startMs: 100, closeMs: 30 });
    rig.component('queue', { closeMs: 20 });
    rig.listening();
    await rig.start(110);
    expect(rig.started).toBe('yes');

    rig.host.signal('SIGTERM');
    await rig.host.advance(5_050);
    expect(rig.log).toEqual([
      '0 start db',
      '100 start queue',
      '100 start api',
      '110 quiesce api',
      '110 quiesce db',
      '110 quiesce queue',
      '5110 close api',
      '5110 close queue',
      '5130 close db',
    ]);
    expect(rig.report).toMatchObject({
      outcome: 'clean',
      exitCode: 0,
      components: [
        { name: 'db', startMs: 100, quiesceMs: 0, failures: 0 },
        { name: 'queue', startMs: 0, quiesceMs: 0, failures: 0 },
        { name: 'api', startMs: 10, quiesceMs: 0, failures: 0 },
      ],
      resources: [
        { name: 'api', outcome: 'closed', ms: 0 },
        { name: 'queue', outcome: 'closed', ms: 20 },
        { name: 'db', outcome: 'closed', ms: 30 },
      ],
    });
  });

  test('resources and components close in one order, that of opening, reversed', async () => {
    const rig = new Rig();
    rig.drain.resource('before', () => rig.note('close before'));
    rig.component('db');
    await rig.start();
    rig.drain.resource('after', () => rig.note('close after'));
    void rig.drain.close();
    await rig.host.advance(0);
    expect(rig.log.slice(-3)).toEqual(['0 close after', '0 close db', '0 close before']);
  });

  test('components of one group start and close at the same time', async () => {
    const rig = new Rig();
    rig.component('a', { group: 'stores', startMs: 100, closeMs: 100 });
    rig.component('b', { group: 'stores', startMs: 100, closeMs: 50 });
    rig.component('c', { startMs: 1, dependsOn: ['a', 'b'] });
    await rig.start(101);
    expect(rig.started).toBe('yes');
    void rig.drain.close();
    await rig.host.advance(100);
    expect(rig.log.filter((line) => !line.includes('quiesce'))).toEqual([
      '0 start a',
      '0 start b',
      '100 start c',
      '101 close c',
      '101 close b',
      '101 close a',
    ]);
    expect(rig.report?.resources).toMatchObject([
      { name: 'c' },
      { name: 'b', ms: 50 },
      { name: 'a', ms: 100, parallel: true },
    ]);
    expect(rig.report?.resources[1]).not.toHaveProperty('parallel');
  });

  test('what has no start runs from registration on, and needs no startComponents', async () => {
    const rig = new Rig();
    const consumer = rig.drain.component({
      name: 'consumer',
      quiesce: () => rig.note('quiesce consumer'),
      close: () => rig.note('close consumer'),
    });
    expect(consumer.state).toBe('running');
    rig.listening();
    rig.host.signal('SIGTERM');
    await rig.host.advance(5_000);
    expect(rig.log).toEqual(['0 quiesce consumer', '5000 close consumer']);
    expect(consumer.state).toBe('stopped');
  });

  test('what has no start, and depends on something that has, closes before that', async () => {
    const rig = new Rig();
    rig.drain.component({ name: 'cache', dependsOn: ['db'], close: () => rig.note('close cache') });
    rig.component('db');
    await rig.start();
    void rig.drain.close();
    await rig.host.advance(0);
    expect(rig.log.filter((line) => line.includes('close'))).toEqual(['0 close cache', '0 close db']);
  });

  test('those registered later are started by another call, and the first are not started twice', async () => {
    const rig = new Rig();
    rig.component('db');
    await rig.start();
    rig.component('api', { dependsOn: ['db'] });
    await rig.start();
    expect(rig.log).toEqual(['0 start db', '0 start api']);
  });

  test('two calls at once start everything once', async () => {
    const rig = new Rig();
    rig.component('db', { startMs: 10 });
    const both = Promise.all([rig.drain.startComponents(), rig.drain.startComponents()]);
    await rig.host.advance(10);
    await both;
    expect(rig.log).toEqual(['0 start db']);
  });

  test('one that was never started is neither quiesced nor closed', async () => {
    const rig = new Rig();
    const db = rig.component('db');
    expect(db.state).toBe('waiting');
    void rig.drain.close();
    await rig.host.advance(0);
    expect([rig.log, rig.report?.outcome]).toEqual([[], 'clean']);
  });

  test('the methods of an object of a class of its own keep their this', async () => {
    class Consumer {
      readonly name = 'consumer';
      readonly calls: string[] = [];
      start(): void {
        this.calls.push('start');
      }
      quiesce(): void {
        this.calls.push('quiesce');
      }
      close(): void {
        this.calls.push('close');
      }
    }
    const rig = new Rig();
    const consumer = new Consumer();
    rig.drain.component(consumer);
    await rig.start();
    void rig.drain.close();
    await rig.host.advance(0);
    expect(consumer.calls).toEqual(['start', 'quiesce', 'close']);
  });
});

describe('a start that fails', () => {
  test('what had started is quiesced and closed again, last started first, and the error says which and why', async () => {
    const rig = new Rig();
    const db = rig.component('db', { closeMs: 5 });
    rig.component('queue', { closeMs: 5 });
    rig.component('kafka', { start: broken('ECONNREFUSED') });
    rig.component('api');
    await rig.start(20);
    expect(rig.error).toMatchObject({ code: 'DRAIN_START_FAILED', cause: new Error('ECONNREFUSED'), errors: [] });
    expect(rig.error.message).toContain("component 'kafka' failed to start: ECONNREFUSED");
    expect(rig.log).toEqual([
      '0 start db',
      '0 start queue',
      '0 quiesce queue',
      '0 close queue',
      '5 quiesce db',
      '5 close db',
    ]);
    expect([db.state, rig.drain.inFlight]).toEqual(['waiting', 0]);

    void rig.drain.close();
    await rig.host.advance(0);
    expect(rig.log).toHaveLength(6);
    expect(rig.report).toMatchObject({ outcome: 'clean', resources: [] });
  });

  test('what fails to close again is in the error, too, and stops nothing', async () => {
    const rig = new Rig();
    rig.component('db');
    rig.component('stuck', { close: never, stop: 50 });
    rig.component('queue', { close: broken('still busy') });
    rig.component('kafka', { start: broken('ECONNREFUSED') });
    await rig.start(50);
    expect(rig.error.errors).toEqual([
      new Error('still busy'),
      expect.objectContaining({ code: 'DRAIN_RESOURCE_HUNG' }),
    ]);
    expect(rig.error.message).toContain("'queue' failed to close again: still busy; 'stuck' failed to close again");
    expect(rig.log).toContain('50 close db');
  });

  test('of several that fail at once, the first is the cause, and the others are errors', async () => {
    const rig = new Rig();
    rig.component('a', { group: 'g', start: broken('a is down') });
    rig.component('b', { group: 'g', startMs: 10 });
    rig.component('c', { group: 'g', start: broken('c is down') });
    await rig.start(10);
    expect(rig.error).toMatchObject({ cause: new Error('a is down'), errors: [new Error('c is down')] });
    expect(rig.log).toEqual(['0 start b', '10 quiesce b', '10 close b']);
  });

  test('the others of its group are told to stop trying', async () => {
    const rig = new Rig();
    const told: unknown[] = [];
    const trying: ComponentOptions['start'] = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          told.push(signal.reason);
          reject(signal.reason as Error);
        });
      });
    rig.component('cache', { group: 'stores', start: trying });
    rig.component('db', { group: 'stores', start: broken('no route') });
    await rig.start();
    expect(told).toEqual([expect.objectContaining({ code: 'DRAIN_START_FAILED' })]);
    expect(rig.error).toMatchObject({ code: 'DRAIN_START_FAILED', cause: new Error('no route'), errors: [] });
    expect(rig.drain.signal.aborted).toBe(false);
  });

  test('a start that throws is as good as one that rejects', async () => {
    const rig = new Rig();
    rig.component('db', {
      start: () => {
        throw new Error('at once');
      },
    });
    await rig.start();
    expect(rig.error.cause).toEqual(new Error('at once'));
  });

  test('it can be tried again, from the beginning', async () => {
    const rig = new Rig();
    let tries = 0;
    rig.component('db');
    rig.component('kafka', { start: () => (++tries === 1 ? Promise.reject(new Error('not yet')) : undefined) });
    await rig.start();
    expect(rig.error.code).toBe('DRAIN_START_FAILED');
    await rig.start();
    expect(rig.started).toBe('yes');
    void rig.drain.close();
    await rig.host.advance(0);
    expect(rig.log.filter((line) => line.includes('close'))).toEqual(['0 close db', '0 close kafka', '0 close db']);
    expect(rig.report?.outcome).toBe('clean');
  });

  test('a drain that begins while others are closed again waits for that, and closes nothing twice', async () => {
    const rig = new Rig();
    rig.component('db', { closeMs: 100 });
    rig.component('kafka', { start: broken('ECONNREFUSED') });
    await rig.start(10);
    void rig.drain.close();
    await rig.host.advance(80);
    expect(rig.drain.phase).toBe('draining');
    await rig.host.advance(10);
    expect([rig.drain.phase, rig.error.code]).toEqual(['closed', 'DRAIN_START_FAILED']);
    expect(rig.log).toEqual(['0 start db', '0 quiesce db', '0 close db']);
  });
});

describe('a drain that begins while components start', () => {
  test('nothing more is started; what is starting is told, waited for, quiesced and closed with the rest', async () => {
    const rig = new Rig();
    let told: unknown;
    rig.component('db');
    rig.component('queue', {
      start: async ({ signal }) => {
        await rig.sleep(200);
        told = signal.reason;
      },
    });
    rig.component('api');
    await rig.start(100);
    rig.host.signal('SIGTERM');
    await rig.host.advance(99);
    expect([rig.drain.phase, rig.drain.inFlight]).toEqual(['draining', 1]);
    await rig.host.advance(1);
    expect(told).toMatchObject({ code: 'DRAIN_DRAINING' });
    expect(rig.error.code).toBe('DRAIN_START_STOPPED');
    expect(rig.log).toEqual(['0 start db', '100 quiesce db', '200 quiesce queue', '200 close queue', '200 close db']);
    expect(rig.report).toMatchObject({ outcome: 'clean', exitCode: 0 });
  });

  test('a start that gives up when it is told is no failure', async () => {
    const rig = new Rig();
    rig.component('db');
    rig.component('queue', {
      start: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gave up')))),
    });
    await rig.start(100);
    rig.host.signal('SIGTERM');
    await rig.host.advance(0);
    expect(rig.error).toMatchObject({ code: 'DRAIN_START_STOPPED', cause: new Error('gave up') });
    expect(rig.log).toEqual(['0 start db', '100 quiesce db', '100 close db']);
    expect(rig.report).toMatchObject({ outcome: 'clean', exitCode: 0 });
  });

  test('nobody has to catch that', async () => {
    const rig = new Rig();
    rig.component('db', { startMs: 10 });
    const start = rig.drain.startComponents();
    rig.host.signal('SIGTERM');
    await rig.host.advance(0);
    const error: unknown = await start.catch((reason: unknown) => reason);
    rig.host.fault(error, 'unhandledRejection');
    await rig.host.advance(0);
    expect(rig.report).toMatchObject({ outcome: 'clean', exitCode: 0, faults: [] });
  });

  test('a start that never ends is bounded by the deadline and named; if it ends after all, it is closed', async () => {
    const rig = new Rig({ deadline: '1s', forceGrace: 0 });
    rig.component('db');
    rig.component('queue', { startMs: 3_000 });
    await rig.start(10);
    rig.host.signal('SIGTERM');
    await rig.host.advance(1_000);
    expect(rig.report).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'start queue', ageMs: 1_010 }] });
    await rig.host.advance(2_000);
    expect(rig.log.slice(-3)).toEqual(['1010 close db', '3000 quiesce queue', '3000 close queue']);
  });

  test('the same where the process lives on', async () => {
    const rig = new Rig({ deadline: '1s', forceGrace: 0 });
    const queue = rig.component('queue', { startMs: 3_000 });
    await rig.start(10);
    void rig.drain.close();
    await rig.host.advance(3_000);
    expect(rig.log).toEqual(['0 start queue', '3000 quiesce queue', '3000 close queue']);
    expect(queue.state).toBe('waiting');
  });

  test('once a drain has begun nothing is started at all', async () => {
    const rig = new Rig();
    rig.component('db');
    void rig.drain.close();
    await rig.start();
    expect([rig.error.code, rig.log]).toEqual(['DRAIN_START_STOPPED', []]);
  });

  test('what runs already and is registered in a drain is quiesced at once and closes', async () => {
    const rig = new Rig();
    rig.listening();
    rig.host.signal('SIGTERM');
    await rig.host.advance(10);
    const running = { quiesce: () => rig.note('quiesce'), close: () => rig.note('close') };
    rig.drain.component({ name: 'consumer', ...running });
    await rig.host.advance(5_000);
    expect(rig.log).toEqual(['10 quiesce', '5000 close']);
  });
});

describe('quiescing', () => {
  test('is in-flight work under the name of the component: draining waits for it', async () => {
    const rig = new Rig({ window: 100 });
    rig.listening();
    rig.component('consumer', { quiesce: () => rig.sleep(250) });
    await rig.start();
    rig.host.signal('SIGTERM');
    await rig.host.advance(249);
    expect([rig.drain.phase, rig.drain.inFlight]).toEqual(['draining', 1]);
    await rig.host.advance(1);
    expect(rig.report).toMatchObject({ outcome: 'clean', components: [{ name: 'consumer', quiesceMs: 250 }] });
  });

  test('one that hangs is told at the deadline, named, and closed all the same', async () => {
    const rig = new Rig({ window: 0, deadline: 500, forceGrace: 100 });
    let told = Number.NaN;
    rig.component('consumer', {
      quiesce: ({ signal }) => {
        signal.addEventListener('abort', () => (told = rig.host.clock.now()));
        return never();
      },
    });
    await rig.start();
    rig.host.signal('SIGTERM');
    await rig.host.advance(600);
    expect(told).toBe(500);
    expect(rig.report).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'quiesce consumer', ageMs: 600 }] });
    expect(rig.log.at(-1)).toBe('600 close consumer');
  });

  test('an error is reported, fails the drain, and stops nothing', async () => {
    const rig = new Rig({ window: 0 });
    rig.component('one', { quiesce: broken('channel closed') });
    rig.component('two', {
      quiesce: () => {
        throw new Error('at once');
      },
    });
    await rig.start();
    rig.host.signal('SIGTERM');
    await rig.host.advance(0);
    expect(rig.log.slice(-2)).toEqual(['0 close two', '0 close one']);
    expect(rig.report).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      components: [
        { name: 'one', error: 'channel closed' },
        { name: 'two', error: 'at once' },
      ],
    });
  });
});

describe('stopping', () => {
  test('a component has its own time to close, after which it is given up', async () => {
    const rig = new Rig({ window: 0 });
    rig.component('db', { close: never });
    rig.component('queue', { close: never, stop: '300ms' });
    await rig.start();
    rig.host.signal('SIGTERM');
    await rig.host.advance(5_300);
    expect(rig.report?.resources).toMatchObject([
      { name: 'queue', outcome: 'hung', ms: 300 },
      { name: 'db', outcome: 'hung', ms: 5_000 },
    ]);
  });

  test('one that stops immediately is called and not waited for, which is no failure', async () => {
    const rig = new Rig({ window: 0 });
    rig.component('db');
    rig.component('metrics', { close: never, stop: 'immediately' });
    await rig.start();
    rig.host.signal('SIGTERM');
    await rig.host.advance(0);
    expect(rig.report).toMatchObject({
      outcome: 'clean',
      resources: [
        { name: 'metrics', outcome: 'left' },
        { name: 'db', outcome: 'closed' },
      ],
    });
  });

  test('one that may take for ever has what the grace period leaves, less what the others need', async () => {
    const rig = new Rig({ window: 0, gracePeriod: '12s', deadline: 0 });
    rig.component('db', { closeMs: 1_000 });
    rig.component('queue', { close: never, stop: 'forever' });
    await rig.start();
    rig.host.signal('SIGTERM');
    await rig.host.advance(12_000);
    expect(rig.report?.resources).toMatchObject([
      { name: 'queue', outcome: 'hung' },
      { name: 'db', outcome: 'closed' },
    ]);
    expect(rig.report?.resources[0]?.ms).toBeGreaterThan(7_000);
  });
});

describe('failure while serving', () => {
  const failing = async (onFailure?: ComponentOptions['onFailure']) => {
    const rig = new Rig();
    rig.listening();
    const redis = rig.component('redis', { ...(onFailure === undefined ? {} : { onFailure }) });
    await rig.start();
    return { rig, redis };
  };

  test.each([undefined, 'unready'] as const)(
    'onFailure %s takes the server out of rotation until it recovers',
    async (policy) => {
      const { rig, redis } = await failing(policy);
      redis.fail(new Error('connection lost'));
      expect(statusOf(rig.drain, 'ready')).toBe(503);
      expect(statusOf(rig.drain, 'live')).toBe(200);
      expect(statusOf(rig.drain, 'startup')).toBe(200);
      await rig.host.advance(50);
      redis.recover();
      expect(statusOf(rig.drain, 'ready')).toBe(200);
      expect(rig.log.slice(1)).toEqual([
        "0 unready: component 'redis' failed: connection lost",
        "50 ready: component 'redis' recovered",
      ]);
      expect(rig.drain.phase).toBe('serving');
    },
  );

  test('it stays out while another one fails, or the app itself is unready', async () => {
    const { rig, redis } = await failing();
    const mail = rig.drain.component({ name: 'mail' });
    const ready = (): boolean => statusOf(rig.drain, 'ready') === 200;
    redis.fail();
    mail.fail();
    redis.recover();
    expect(ready()).toBe(false);
    rig.drain.unready();
    mail.recover();
    expect(ready()).toBe(false);
    rig.drain.ready();
    expect(ready()).toBe(true);
    expect(rig.log.filter((line) => line.includes('ready:'))).toHaveLength(2);
  });

  test('onFailure drain begins a drain with the window, which ends with 1', async () => {
    const { rig, redis } = await failing('drain');
    redis.fail(new Error('connection lost'));
    expect(rig.drain.phase).toBe('announcing');
    await rig.host.advance(5_000);
    expect(rig.report).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      trigger: { kind: 'failure', reason: "component 'redis' failed: connection lost" },
      components: [{ name: 'redis', failures: 1, error: 'connection lost' }],
    });
    expect(rig.host.exitCode).toBe(1);
  });

  test('onFailure ignore says it and does nothing', async () => {
    const { rig, redis } = await failing('ignore');
    const steps: string[] = [];
    rig.drain.on('component', ({ component }) => steps.push(`${component.name} ${component.step} ${component.ms}`));
    redis.fail(new Error('connection lost'));
    await rig.host.advance(70);
    redis.recover();
    expect(steps).toEqual(['redis failure 0', 'redis recovery 70']);
    expect([statusOf(rig.drain, 'ready'), rig.drain.phase]).toEqual([200, 'serving']);
  });

  test('a storm of errors is one failure, and recovering without one is nothing', async () => {
    const { rig, redis } = await failing();
    redis.recover();
    for (let count = 0; count < 100; count += 1) redis.fail(new Error(`${count}`));
    expect(rig.log.slice(1)).toEqual(["0 unready: component 'redis' failed: 0"]);
  });

  test('the component itself can say it, by functions that need no this', async () => {
    const rig = new Rig();
    let emit = (_error: Error): void => {};
    rig.component('redis', {
      start: ({ fail }) => {
        emit = fail;
      },
    });
    await rig.start();
    emit(new Error('connection lost'));
    expect(statusOf(rig.drain, 'ready')).toBe(503);
  });

  test.each(['unready', 'drain', 'ignore'] as const)(
    'a connection lost in the course of a drain is no reason to end with 1 (%s)',
    async (policy) => {
      const { rig, redis } = await failing(policy);
      rig.host.signal('SIGTERM');
      await rig.host.advance(10);
      redis.fail(new Error('connection lost'));
      await rig.host.advance(5_000);
      expect(rig.report).toMatchObject({ outcome: 'clean', exitCode: 0, components: [{ failures: 1 }] });
    },
  );

  test('one that does not run has no failure to report', async () => {
    const rig = new Rig();
    const redis = rig.component('redis', { onFailure: 'drain' });
    redis.fail(new Error('not even started'));
    await rig.start();
    void rig.drain.close();
    await rig.host.advance(0);
    redis.fail(new Error('closed'));
    expect(rig.report).toMatchObject({ outcome: 'clean', components: [{ failures: 0 }] });
  });
});

describe('what cannot be used', () => {
  const error = (options: unknown): DrainError => {
    try {
      new Rig().drain.component(options as ComponentOptions);
    } catch (thrown) {
      if (thrown instanceof DrainError) return thrown;
    }
    throw new Error('no DrainError was thrown');
  };

  test.each([
    [{}, 'name is undefined; allowed: a text'],
    [{ name: '' }, "name is ''; allowed: a text"],
    [{ name: 'a', group: 5 }, 'group is 5; allowed: a text'],
    [{ name: 'a', dependsOn: 'b' }, "dependsOn is 'b'; allowed: names of components"],
    [{ name: 'a', start: 'now' }, "start is 'now'; allowed: a function"],
    [{ name: 'a', quiesce: {} }, 'quiesce is {}; allowed: a function'],
    [{ name: 'a', close: {} }, 'close is {}; allowed: a function, or an object with'],
    [{ name: 'a', stop: 'never' }, "stop is 'never'; allowed: milliseconds"],
    [{ name: 'a', onFailure: 'panic' }, "onFailure is 'panic'; allowed: 'unready' or 'drain' or 'ignore'"],
    [null, 'a component is null; allowed: an object'],
  ])('%j is answered with what is allowed', (options, problem) => {
    expect(error(options).code).toBe('DRAIN_COMPONENT_INVALID');
    expect(error(options).message).toContain(problem);
  });

  test('all problems of one are listed at once', () => {
    const { message } = error({ name: 'a', start: 1, stop: 'x' });
    expect(message).toContain('start is 1');
    expect(message).toContain("stop is 'x'");
  });

  test('all problems between them are listed at once, and nothing is started', async () => {
    const rig = new Rig();
    rig.component('a', { dependsOn: ['b'] });
    rig.component('b', { dependsOn: ['a', 'nobody'] });
    rig.component('c');
    rig.component('c');
    await rig.start();
    expect(rig.error.code).toBe('DRAIN_COMPONENT_INVALID');
    for (const problem of ["'c' is the name of 2", "depends on 'nobody'", "'a' depends on 'b' depends on 'a'"]) {
      expect(rig.error.message).toContain(problem);
    }
    expect(rig.log).toEqual([]);
  });
});
