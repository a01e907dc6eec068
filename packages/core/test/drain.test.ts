import { fakeHost, type FakeHost, type FakeHostOptions, within } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Drain } from '../src/drain.ts';
import { DrainError } from '../src/drain-error.ts';
import type { DrainEvent, DrainEventType } from '../src/drain-event.ts';
import type { DrainLogger } from '../src/drain-logger.ts';
import type { DrainOptions } from '../src/plan/drain-options.ts';
import type { DrainReport } from '../src/report/drain-report.ts';
import type { Host } from '../src/host.ts';
import { catchUncaught } from './catch-uncaught.ts';
import { FakeDrainable } from './fake-drainable.ts';
import { closeAfter } from './measured-drain.ts';

const never = (): Promise<never> => new Promise(() => {});

const EVENT_TYPES = Object.keys({
  trigger: 1,
  phase: 1,
  readiness: 1,
  check: 1,
  warning: 1,
  deadline: 1,
  destroyed: 1,
  resource: 1,
  component: 1,
  part: 1,
  fault: 1,
  lingering: 1,
  report: 1,
} satisfies Record<DrainEventType, 1>) as DrainEventType[];

/** What happened, as one line. */
function line(event: DrainEvent): string {
  switch (event.type) {
    case 'trigger':
      return `trigger ${event.trigger.reason}`;
    case 'phase':
      return event.phase;
    case 'readiness':
      return `${event.ready ? 'ready' : 'unready'} ${event.reason ?? ''}`.trim();
    case 'check':
      return `check ${event.check.name} ${event.check.status}`;
    case 'warning':
      return `warning ${event.warning.code}`;
    case 'deadline':
    case 'destroyed':
      return `${event.type} ${event.work.map(({ name }) => name).join(', ')}`;
    case 'resource':
      return `${event.resource.name} ${event.resource.outcome}`;
    case 'part':
      return `${event.name} ${event.report.outcome}`;
    case 'component':
      return `${event.component.name} ${event.component.step} ${event.component.outcome}`;
    case 'fault':
      return event.fault.kind;
    case 'lingering':
      return `lingering ${event.handles.join(', ')}`;
    case 'report':
      return `report ${event.report.outcome} ${event.report.exitCode}`;
  }
}

/** A drain on a host whose time stands still, with one server that listens. */
class Rig {
  readonly host: FakeHost;
  readonly drain: Drain;
  /** What happened and what the server was told, each with its time. */
  readonly log: string[] = [];
  readonly server: FakeDrainable;
  report: DrainReport | undefined;

  constructor(options: DrainOptions = {}, hostOptions: FakeHostOptions & { host?: FakeHost } = {}) {
    this.host = hostOptions.host ?? fakeHost(hostOptions);
    this.drain = new Drain({ logger: false, ...options }, this.host);
    const note = (text: string): number => this.log.push(`${this.host.clock.now()} ${text}`);
    for (const type of EVENT_TYPES) this.drain.on(type, (event) => note(line(event)));
    const told: string[] = [];
    told.push = (text) => note(text);
    this.server = new FakeDrainable('http', told);
    void this.drain.done.then((report) => (this.report = report));
  }

  /** The server that listens: without one, there is nobody to announce anything to. */
  listening(...work: string[]): this {
    this.drain.add(this.server.begin(...work));
    return this;
  }

  resources(...names: string[]): this {
    for (const name of names) this.drain.resource(name, () => {});
    return this;
  }
}

const rig = (...args: ConstructorParameters<typeof Rig>): Rig => new Rig(...args);

/** The drain has to be over by then, whatever happens: half a second before the end of 30 s. */
const LATEST = 29_500;

describe('a whole drain', () => {
  test('SIGTERM announces for the window, drains, closes in reverse order and ends with 0', async () => {
    const { host, drain, log, server } = rig().listening('GET /a').resources('postgres', 'redis');
    drain.framework('fastify', () => {});
    expect(host.signal('SIGTERM')).toBe(true);
    await host.advance(5_200);
    server.end();
    await host.advance(0);
    expect(log).toEqual([
      '0 trigger SIGTERM',
      '0 announcing',
      '0 http announce',
      '5000 draining',
      '5000 http refuse',
      '5200 closing',
      '5200 fastify closed',
      '5200 redis closed',
      '5200 postgres closed',
      '5200 closed',
      '5200 report clean 0',
    ]);
    expect([drain.phase, host.exitCode, host.exited]).toEqual(['closed', 0, undefined]);
  });

  test.each<[string, (rig: Rig) => unknown, string]>([
    ['SIGINT', ({ host }) => host.signal('SIGINT'), 'SIGINT'],
    ['the message shutdown', ({ host }) => host.message('shutdown'), 'message: shutdown'],
    ['close()', ({ drain }) => drain.close(), 'close()'],
  ])('%s has no window', async (_, act, reason) => {
    const it = rig().listening().resources('db');
    act(it);
    await it.host.advance(0);
    expect(it.log).toEqual([
      `0 trigger ${reason}`,
      '0 announcing',
      '0 http announce',
      '0 draining',
      '0 http refuse',
      '0 closing',
      '0 db closed',
      '0 closed',
      '0 report clean 0',
    ]);
  });

  test('start() has the window, and says why', async () => {
    const { host, drain, log } = rig().listening();
    void drain.start('blue is green now');
    await host.advance(5_000);
    expect(log).toContain('0 trigger blue is green now');
    expect(log).toContain('5000 draining');
    expect(log.at(-1)).toBe('5000 report clean 0');
  });

  test('a signal at boot, while nobody listens, skips the window and closes what there is', async () => {
    const { host, log } = rig().resources('db');
    host.signal('SIGTERM');
    await host.advance(0);
    expect(log).toContain('0 db closed');
    expect(log.at(-1)).toBe('0 report clean 0');
  });

  test('other messages of the parent are none of its business', async () => {
    const { host, drain } = rig();
    for (const message of ['Shutdown', '', { type: 'shutdown' }, undefined]) host.message(message);
    await host.advance(0);
    expect(drain.phase).toBe('serving');
  });

  test('work that is not HTTP is waited for', async () => {
    const { host, drain, report } = rig();
    expect(report).toBeUndefined();
    const work = drain.enter('mail');
    const tracked = drain.track(
      new Promise<string>((resolve) => void host.clock.setTimeout(() => resolve('sent'), 300)),
      'import',
    );
    expect(drain.inFlight).toBe(2);
    void drain.start();
    await host.advance(400);
    expect([await tracked, drain.phase, drain.inFlight]).toEqual(['sent', 'draining', 1]);
    work.leave();
    await host.advance(0);
    expect(drain.phase).toBe('closed');
  });

  test('the report says when, how long, and with how much in flight', async () => {
    const it = rig().listening('GET /a', 'GET /b').resources('db');
    await it.host.advance(1_000);
    it.host.signal('SIGTERM');
    await it.host.advance(5_100);
    it.server.late = 3;
    it.server.end();
    await it.host.advance(0);
    expect(it.report).toMatchObject({
      outcome: 'clean',
      exitCode: 0,
      trigger: { kind: 'signal', reason: 'SIGTERM' },
      startedAt: '2026-01-01T00:00:01.000Z',
      totalMs: 5_100,
      phases: [
        { phase: 'announcing', ms: 5_000 },
        { phase: 'draining', ms: 100 },
        { phase: 'closing', ms: 0 },
      ],
      inFlightAtStart: 2,
      servedLate: 3,
      resources: [{ name: 'db', outcome: 'closed' }],
    });
  });

  test('nothing stays behind: no listener, no timer that keeps the process alive, no hold', async () => {
    const { host } = rig().listening();
    host.signal('SIGTERM');
    expect(host.held).toBe(true);
    // All is closed; for a quarter of a second the process may end by itself.
    await host.advance(5_000 + 250);
    expect([host.listenerCount(), host.clock.pendingRef, host.held]).toEqual([0, 0, false]);
  });
});

describe('a window that may end early', () => {
  const window = { min: '1s', max: '10s', quiet: '500ms', probeFailures: 2 } as const;

  test('ends when nothing comes any more', async () => {
    const it = rig({ window }).listening();
    it.host.signal('SIGTERM');
    await it.host.advance(800);
    it.server.lastRequestAt = 800;
    await it.host.advance(1_000);
    expect(it.log).toContain('1300 draining');
    expect(it.report).toMatchObject({ windowEnd: 'quiet', probeFailures: 0 });
  });

  test('waits until whoever probes has been told often enough', async () => {
    const it = rig({ window }).listening();
    void it.drain.health('ready');
    it.host.signal('SIGTERM');
    await it.host.advance(2_000);
    void it.drain.health('ready');
    void it.drain.health('live');
    await it.host.advance(2_000);
    expect(it.drain.phase).toBe('announcing');
    void it.drain.health('ready');
    await it.host.advance(0);
    expect(it.log).toContain('4000 draining');
    expect(it.report).toMatchObject({ windowEnd: 'quiet', probeFailures: 2 });
  });

  test('lasts to its longest while requests keep coming', async () => {
    const it = rig({ window }).listening();
    it.host.signal('SIGTERM');
    for (let time = 0; time < 12_000; time += 400) {
      it.server.lastRequestAt = time;
      await it.host.advance(400);
    }
    expect(it.log).toContain('10000 draining');
    expect(it.report?.windowEnd).toBe('elapsed');
  });

  test('leaves no timer behind when it is cut short by force', async () => {
    const { host, drain } = rig({ window, exit: false }).listening();
    host.signal('SIGTERM');
    host.signal('SIGTERM');
    await host.advance(0);
    expect([drain.phase, host.clock.pending]).toEqual(['closed', 0]);
  });
});

describe('deadline and grace period', () => {
  test('at the deadline handlers are asked, after the grace they are cut off, and resources close all the same', async () => {
    const { host, drain, log } = rig().listening('GET /slow').resources('db');
    host.signal('SIGINT');
    await host.advance(19_500);
    expect(log.slice(5)).toEqual([
      '19000 deadline GET /slow',
      '19000 http force',
      '19500 http abort',
      '19500 destroyed GET /slow',
      '19500 closing',
      '19500 db closed',
      '19500 closed',
      '19500 report timed-out 1',
    ]);
    expect(drain.forceSignal.aborted).toBe(true);
    expect(host.exitCode).toBe(1);
  });

  test('work that ends within the grace is not destroyed', async () => {
    const { host, log, server } = rig().listening('GET /slow');
    host.signal('SIGINT');
    await host.advance(19_400);
    server.end();
    await host.advance(0);
    expect(log.at(-1)).toBe('19400 report timed-out 1');
    expect(log.join()).not.toContain('destroyed');
  });

  test('where the grace period ends while resources close, the report names the one that hangs and those that are left', async () => {
    const it = rig().listening('GET /slow');
    it.drain.resource('left', never, { timeout: 10_000 });
    it.drain.resource('stuck', never, { timeout: 20_000 });
    it.host.signal('SIGTERM');
    await it.host.advance(LATEST);
    expect(it.drain.phase).toBe('closed');
    expect(it.report).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect(it.report?.totalMs).toBeLessThanOrEqual(LATEST);
    expect(it.report?.resources).toMatchObject([
      { name: 'stuck', outcome: 'hung' },
      { name: 'left', outcome: 'hung' },
    ]);
  });

  test('a resource that hangs takes its own time and no more', async () => {
    const it = rig().listening().resources('below');
    it.drain.resource('stuck', never);
    it.host.signal('SIGINT');
    await it.host.advance(5_000);
    expect(it.log.slice(-5)).toEqual([
      '0 closing',
      '5000 stuck hung',
      '5000 below closed',
      '5000 closed',
      '5000 report failed 1',
    ]);
  });

  test('a framework that hangs has the closeTimeout, and resources close after it', async () => {
    const { host, drain, log } = rig({ closeTimeout: '1s' }).resources('db');
    drain.framework('fastify', never);
    host.signal('SIGTERM');
    await host.advance(1_000);
    expect(log).toContain('1000 fastify hung');
    expect(log).toContain('1000 db closed');
  });

  test('a drainable is told abort once, also where the grace period ends after the deadline', async () => {
    const { host, drain, log } = rig().listening('GET /slow');
    drain.resource('stuck', never, { timeout: 20_000 });
    host.signal('SIGTERM');
    await host.advance(LATEST);
    expect(log.filter((text) => text.endsWith('http abort'))).toHaveLength(1);
  });
});

describe('a second trigger', () => {
  test.each([
    ['announcing', 1_000],
    ['draining', 6_000],
  ])('a second signal in %s ends the process at once with 128 and its number', async (phase, ms) => {
    const it = rig().listening('GET /a').resources('db');
    it.host.signal('SIGTERM');
    await it.host.advance(ms);
    expect(it.drain.phase).toBe(phase);
    it.host.signal('SIGINT');
    expect(it.host.exited).toBe(130);
    await it.host.advance(0);
    expect(it.report).toMatchObject({
      outcome: 'forced',
      exitCode: 130,
      aborted: [{ name: 'GET /a' }],
      resources: [{ name: 'db', outcome: 'skipped' }],
    });
  });

  test('a second signal while a resource hangs does not wait for it', async () => {
    const it = rig().resources('left');
    it.drain.resource('stuck', never);
    it.host.signal('SIGTERM');
    await it.host.advance(10);
    it.host.signal('SIGTERM');
    expect(it.host.exited).toBe(143);
    await it.host.advance(0);
    expect(it.report?.resources).toMatchObject([
      { name: 'stuck', outcome: 'hung', ms: 10 },
      { name: 'left', outcome: 'skipped' },
    ]);
  });

  test('close() ends the window of a drain that is announcing', async () => {
    const { host, drain, log } = rig().listening();
    host.signal('SIGTERM');
    await host.advance(1_000);
    void drain.close();
    await host.advance(0);
    expect(log.at(-1)).toBe('1000 report clean 0');
    expect(host.exitCode).toBe(0);
  });

  test('a signal after close() makes the process end after all', async () => {
    const { host, drain, server } = rig().listening('GET /a');
    void drain.close();
    await host.advance(100);
    host.signal('SIGTERM');
    server.end();
    await host.advance(0);
    expect([drain.phase, host.exitCode, host.exited]).toEqual(['closed', 0, undefined]);
    await host.advance(250);
    expect(host.exited).toBe(0);
  });

  test('start() any number of times is one drain and one promise', async () => {
    const { host, drain, log } = rig().listening();
    const promises = [drain.start('one'), drain.start('two'), drain.close(), drain.done];
    expect(new Set(promises).size).toBe(1);
    await host.advance(0);
    await within('the drain to be over', 1_000, drain.done);
    expect(log.filter((text) => text.includes('trigger'))).toEqual(['0 trigger one']);
    expect(drain.start('three')).toBe(promises[0]);
    expect(log.filter((text) => text.includes('report'))).toHaveLength(1);
  });

  test('a listener that starts, closes and signals in the middle of a transition changes nothing of its order', async () => {
    const { host, drain, log } = rig().listening().resources('db');
    drain.on('phase', () => {
      void drain.start('again');
      void drain.close();
    });
    host.signal('SIGINT');
    await host.advance(0);
    expect(log).toEqual([
      '0 trigger SIGINT',
      '0 announcing',
      '0 http announce',
      '0 draining',
      '0 http refuse',
      '0 closing',
      '0 db closed',
      '0 closed',
      '0 report clean 0',
    ]);
  });
});

describe('a listener in the middle of a transition', () => {
  test('that ends the window does not have intake stopped before the drain is announced', async () => {
    const { host, drain, log } = rig().listening();
    drain.on('phase', ({ phase }) => {
      if (phase === 'announcing') void drain.close();
    });
    host.signal('SIGTERM');
    await host.advance(0);
    expect(log.slice(0, 5)).toEqual([
      '0 trigger SIGTERM',
      '0 announcing',
      '0 http announce',
      '0 draining',
      '0 http refuse',
    ]);
  });
});

describe('abort()', () => {
  test.each([
    ['serving', 0],
    ['announcing', 1_000],
    ['draining', 6_000],
  ])('in %s it ends the process at once with its code', async (phase, ms) => {
    const it = rig().listening('GET /a').resources('db');
    if (phase !== 'serving') it.host.signal('SIGTERM');
    await it.host.advance(ms);
    expect(it.drain.phase).toBe(phase);
    it.drain.abort('disk full', 70);
    expect(it.host.exited).toBe(70);
    await it.host.advance(0);
    expect(it.report).toMatchObject({ outcome: 'forced', exitCode: 70, resources: [{ outcome: 'skipped' }] });
  });

  test.each(['foo', Number.NaN, -1, 256, 1.5])('a code of %s is an error, and nothing is stopped', (code) => {
    const { host, drain } = rig();
    expect(() => drain.abort('disk full', code as number)).toThrow(
      expect.objectContaining({ code: 'DRAIN_ARGUMENT_INVALID' }),
    );
    expect([host.exited, drain.phase]).toEqual([undefined, 'serving']);
  });

  test('its code is 1 where none is given', () => {
    const { host, drain } = rig();
    drain.abort('disk full');
    expect(host.exited).toBe(1);
  });

  test('the close of a resource may call it', async () => {
    const { host, drain } = rig().resources('left');
    drain.resource('broken', () => drain.abort('cannot close'));
    host.signal('SIGTERM');
    await host.advance(0);
    expect([host.exited, drain.phase]).toEqual([1, 'closed']);
  });
});

describe('faults', () => {
  test('one before a drain begins it without the window, and ends the process with 1', async () => {
    const it = rig().listening().resources('db');
    expect(it.host.fault(new Error('x'))).toBe(true);
    await it.host.advance(0);
    expect(it.log.slice(0, 3)).toEqual(['0 uncaughtException', '0 trigger uncaughtException: x', '0 announcing']);
    expect(it.log).toContain('0 db closed');
    expect(it.report).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      trigger: { kind: 'fault' },
      faults: ['uncaughtException: x'],
    });
  });

  test('one during a drain is reported and stops nothing', async () => {
    const it = rig().listening('GET /a').resources('db');
    it.host.signal('SIGTERM');
    await it.host.advance(6_000);
    it.host.fault(new Error('x'), 'unhandledRejection');
    await it.host.advance(100);
    expect(it.drain.phase).toBe('draining');
    it.server.end();
    await it.host.advance(0);
    expect(it.log).toContain('6100 db closed');
    expect(it.report).toMatchObject({ outcome: 'failed', exitCode: 1, faults: ['unhandledRejection: x'] });
  });

  test('one in the window is told, and the window goes on', async () => {
    const it = rig().listening();
    it.host.signal('SIGTERM');
    await it.host.advance(300);
    it.host.fault(new Error('x'));
    await it.host.advance(4_600);
    expect(it.drain.phase).toBe('announcing');
    await it.host.advance(100);
    expect(it.report).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      windowEnd: 'elapsed',
      faults: ['uncaughtException: x'],
    });
  });

  test('one of an app that goes on starting when all is closed does not change how the process ends', async () => {
    const it = rig();
    it.host.signal('SIGTERM');
    await it.host.advance(100);
    it.host.fault(new Error('Cannot use a pool after calling end on the pool'));
    await it.host.advance(150);
    expect([it.report?.exitCode, it.host.exited]).toEqual([0, 0]);
  });

  test('one while resources close lets the rest close', async () => {
    const it = rig().resources('below');
    it.drain.resource('leaky', () => {
      it.host.fault(new Error('in passing'));
    });
    it.host.signal('SIGTERM');
    await it.host.advance(0);
    expect(it.report).toMatchObject({
      outcome: 'failed',
      resources: [
        { name: 'leaky', outcome: 'closed' },
        { name: 'below', outcome: 'closed' },
      ],
    });
  });

  test('without a logger the host says what it was', () => {
    const { host } = rig();
    const error = new Error('x');
    host.fault(error);
    expect(host.printedFaults).toEqual([{ kind: 'uncaughtException', error }]);
  });

  test('with a logger it says so there', () => {
    const lines: string[] = [];
    const logger: DrainLogger = { info: () => {}, warn: () => {}, error: (_, text) => lines.push(text) };
    const { host } = rig({ logger });
    host.fault(new Error('x'));
    expect([host.printedFaults, lines[0]]).toEqual([[], 'drain: uncaughtException: x']);
  });

  test.each([
    ['silent', 1],
    ['fatal', 1],
    ['error', 0],
  ])('with a logger of the level %s the host says it %i times', (level, times) => {
    const ignored: DrainLogger = { info: () => {}, warn: () => {}, error: () => {} };
    const { host } = rig({ logger: { ...ignored, isLevelEnabled: (asked) => asked === level } });
    host.fault(new Error('x'));
    expect(host.printedFaults).toHaveLength(times);
  });

  test('with faults: false they are left to the runtime', () => {
    const { host, drain } = rig({ faults: false });
    expect(host.fault(new Error('x'))).toBe(false);
    expect(drain.phase).toBe('serving');
  });

  test('one that cannot be made a text of begins a drain, too', async () => {
    const { host, drain } = rig();
    host.fault(Object.create(null));
    await host.advance(0);
    expect(drain.phase).toBe('closed');
  });
});

describe('leaving', () => {
  test('a process that does not end by itself is ended after a quarter of a second, and what kept it is named', async () => {
    const { host, log } = rig();
    host.handles = ['Timeout'];
    host.signal('SIGTERM');
    await host.advance(249);
    expect(host.exited).toBeUndefined();
    await host.advance(1);
    expect([log.at(-1), host.exited]).toEqual(['250 lingering Timeout', 0]);
  });

  test('close() leaves the process alive', async () => {
    const { host, drain } = rig().listening();
    const report = await within('close() to settle', 1_000, drain.close());
    await host.advance(60_000);
    expect([report.outcome, host.exitCode, host.exited]).toEqual(['clean', undefined, undefined]);
  });

  test('exit: false leaves the process alive, whatever the trigger', async () => {
    for (const act of [
      (host: FakeHost) => host.signal('SIGTERM'),
      (host: FakeHost) => host.fault(new Error('x')),
      (host: FakeHost) => host.message('shutdown'),
    ]) {
      const { host, drain } = rig({ exit: false });
      act(host);
      await host.advance(60_000);
      expect([drain.phase, host.exitCode, host.exited]).toEqual(['closed', undefined, undefined]);
    }
  });

  test('the process is gone before the grace period is over, also where a resource hangs to the end', async () => {
    const { host, drain } = rig().listening('GET /a');
    drain.resource('stuck', never, { timeout: 60_000 });
    host.signal('SIGTERM');
    await host.advance(30_000);
    expect(host.exited).toBe(1);
  });
});

describe('two drains in one process', () => {
  test('one that is over waits for the other before it ends the process', async () => {
    const first = rig();
    const second = rig({}, { host: first.host }).listening('GET /slow');
    first.host.signal('SIGTERM');
    await first.host.advance(6_000);
    expect([first.drain.phase, second.drain.phase, first.host.exited]).toEqual(['closed', 'draining', undefined]);
    second.server.end();
    await first.host.advance(0);
    expect(second.drain.phase).toBe('closed');
    await first.host.advance(250);
    expect(first.host.exited).toBe(0);
  });

  test('the worse exit code is the one that counts', async () => {
    const first = rig();
    const second = rig({}, { host: first.host });
    first.drain.resource('broken', () => Promise.reject(new Error('x')));
    second.drain.enter('job').leave();
    first.host.signal('SIGTERM');
    await first.host.advance(0);
    expect(first.host.exitCode).toBe(1);
  });

  test('one that is closed by hand meanwhile does not keep the process of the other alive for ever', async () => {
    const first = rig();
    const second = rig({}, { host: first.host }).listening('GET /slow');
    void second.drain.close();
    void first.drain.start();
    await first.host.advance(1_000);
    second.server.end();
    await first.host.advance(1_000);
    expect(second.drain.phase).toBe('closed');
    expect(first.host.exited).toBe(0);
  });
});

describe('listening for triggers', () => {
  test('one listener for each signal, however many servers there are', () => {
    const { host, drain } = rig();
    for (const name of ['a', 'b', 'c']) drain.add(new FakeDrainable(name));
    expect([host.listenerCount('SIGTERM'), host.listenerCount('SIGINT'), host.listenerCount('SIGHUP')]).toEqual([
      1, 1, 0,
    ]);
  });

  test('signals are the plan’s', async () => {
    const { host, drain } = rig({ signals: { SIGINT: false, SIGHUP: 'at-once' } }).listening();
    expect([host.signal('SIGINT'), drain.phase]).toEqual([false, 'serving']);
    host.signal('SIGHUP');
    await host.advance(0);
    expect(drain.phase).toBe('closed');
  });

  test('signals: false listens for none, and start() works all the same', async () => {
    const { host, drain } = rig({ signals: false });
    expect(host.signal('SIGTERM')).toBe(false);
    void drain.start();
    await host.advance(0);
    expect(drain.phase).toBe('closed');
  });

  test('after the drain nobody listens any more', async () => {
    const { host, drain } = rig();
    void drain.close();
    await host.advance(0);
    expect([host.signal('SIGTERM'), host.fault(new Error('x')), host.message('shutdown')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('enabled: false', () => {
  test('it listens for nothing', () => {
    const { host } = rig({ enabled: false });
    expect(host.listenerCount()).toBe(0);
  });

  test('closed by hand it still closes what was registered, at once, and leaves the process alive', async () => {
    const { host, drain, log } = rig({ enabled: false }).listening().resources('db');
    void drain.start();
    await host.advance(1_000);
    expect(log).toContain('0 db closed');
    expect([drain.phase, host.exitCode, host.exited]).toEqual(['closed', undefined, undefined]);
  });

  test('the environment can say it', () => {
    const { drain } = rig({ enabled: true }, { env: { DRAIN_ENABLED: 'false' } });
    expect(drain.plan.enabled).toBe(false);
  });
});

describe('configuration', () => {
  test('the environment is the host’s, or what env says, or none', () => {
    const env = { DRAIN_WINDOW: '1s' };
    expect(rig({}, { env }).drain.plan.window).toBe(1_000);
    expect(rig({ env: { DRAIN_WINDOW: '2s' } }, { env }).drain.plan.window).toBe(2_000);
    expect(rig({ env: false }, { env }).drain.plan.window).toBe(5_000);
  });

  test('options.host takes the place of the other', () => {
    const mine = fakeHost();
    const { host } = rig({ host: mine });
    expect([host.listenerCount(), mine.listenerCount('SIGTERM')]).toEqual([0, 1]);
  });

  test.each([[undefined], [null], [{ windw: 1 }], [{ host: {} }], [{ host: 'x' }], [{ env: 'x' }]])(
    'options that are %j are a DrainError, and nobody listens',
    (options) => {
      const host = fakeHost();
      const make = (): unknown => new Drain(options as unknown as DrainOptions, host);
      expect(make).toThrow(DrainError);
      expect(host.listenerCount()).toBe(0);
    },
  );
});

describe('signals for the app', () => {
  test('signal is aborted when the drain begins, forceSignal at the deadline, each with its code', async () => {
    const { host, drain } = rig().listening('GET /a');
    expect([drain.signal.aborted, drain.forceSignal.aborted]).toEqual([false, false]);
    host.signal('SIGINT');
    expect([drain.signal.aborted, drain.forceSignal.aborted]).toEqual([true, false]);
    expect(drain.signal.reason).toMatchObject({ name: 'DrainError', code: 'DRAIN_DRAINING' });
    await host.advance(19_000);
    expect(drain.forceSignal.reason).toMatchObject({ code: 'DRAIN_DEADLINE' });
  });

  test('forceSignal is never aborted in a clean drain', async () => {
    const { host, drain } = rig().listening();
    host.signal('SIGTERM');
    await host.advance(60_000);
    expect(drain.forceSignal.aborted).toBe(false);
  });
});

describe('work', () => {
  test('it is taken on during the window, and refused once draining', async () => {
    const { host, drain } = rig().listening('GET /a');
    host.signal('SIGTERM');
    drain.enter('in the window').leave();
    await host.advance(5_000);
    expect(() => drain.enter('late')).toThrow(expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' }));
    await expect(drain.track(() => 1, 'late')).rejects.toMatchObject({ code: 'DRAIN_WORK_REFUSED' });
  });

  test('what was refused is counted in the report', async () => {
    const it = rig().listening('GET /a');
    it.host.signal('SIGINT');
    expect(() => it.drain.enter('late')).toThrow(DrainError);
    it.server.end();
    await it.host.advance(0);
    expect(it.report?.refused).toBe(1);
  });

  test('track settles as its work does, and leaves', async () => {
    const { drain } = rig();
    await expect(drain.track(Promise.resolve(5))).resolves.toBe(5);
    await expect(drain.track(() => 6)).resolves.toBe(6);
    await expect(drain.track(Promise.reject(new Error('x')))).rejects.toThrow('x');
    const throws = (): never => {
      throw new Error('y');
    };
    await expect(drain.track(throws)).rejects.toThrow('y');
    expect(drain.inFlight).toBe(0);
  });

  test('track calls its function only where work is taken on', async () => {
    const { host, drain } = rig();
    void drain.enter('holds it');
    host.signal('SIGTERM');
    let called = false;
    await expect(drain.track(() => (called = true))).rejects.toThrow(DrainError);
    expect(called).toBe(false);
  });

  test('work that was running already when it was refused is no unhandled rejection on top', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
    const { host, drain } = rig();
    void drain.enter('holds it');
    host.signal('SIGTERM');
    await expect(drain.track(Promise.reject(new Error('x')), 'late')).rejects.toThrow(DrainError);
    await host.advance(0);
    expect(unhandled).toEqual([]);
  });

  test('work that does not end is named at the deadline, and no longer waited for after the grace', async () => {
    const it = rig();
    it.drain.enter('import');
    it.host.signal('SIGTERM');
    await it.host.advance(19_500);
    expect(it.report).toMatchObject({
      outcome: 'timed-out',
      atDeadline: [{ name: 'import', ageMs: 19_000 }],
      aborted: [{ name: 'import', ageMs: 19_500 }],
    });
  });
});

describe('a drainable that is added late', () => {
  test('while serving it is told nothing', () => {
    const { log } = rig().listening();
    expect(log).toEqual([]);
  });

  test.each([
    ['announcing', 1_000, ['announce']],
    ['draining', 5_000, ['announce', 'refuse']],
    ['draining, after the deadline', 24_000, ['announce', 'refuse', 'force']],
  ])('in %s it is brought up to there', async (_, ms, words) => {
    const { host, drain } = rig().listening('GET /a');
    host.signal('SIGTERM');
    await host.advance(ms);
    const late = new FakeDrainable('late');
    drain.add(late);
    expect(late.log).toEqual(words.map((word) => `late ${word}`));
  });

  test('while others are waited for, it is waited for, too', async () => {
    const { host, drain, server } = rig().listening('GET /a');
    host.signal('SIGINT');
    await host.advance(100);
    const late = new FakeDrainable('late').begin('GET /b');
    drain.add(late);
    server.end();
    await host.advance(0);
    expect([drain.phase, drain.inFlight]).toEqual(['draining', 1]);
    late.end();
    await host.advance(0);
    expect(drain.phase).toBe('closed');
  });

  test('in place of one that is forgotten, it is waited for, too', async () => {
    const { host, drain, server } = rig().listening('GET /a');
    const forgotten = new FakeDrainable('forgotten');
    drain.add(forgotten);
    host.signal('SIGINT');
    await host.advance(100);
    drain.remove(forgotten);
    drain.add(new FakeDrainable('late').begin('GET /b'));
    server.end();
    await host.advance(0);
    expect(drain.phase).toBe('draining');
  });

  test('one that is added again is not told again', () => {
    const { host, drain, server, log } = rig().listening('GET /a');
    host.signal('SIGINT');
    const before = [...log];
    drain.add(server);
    expect(log).toEqual(before);
  });

  test('while resources close it is refused and destroyed: nobody waits for it any more', async () => {
    const { host, drain } = rig();
    drain.resource('slow', () => new Promise<void>((resolve) => void host.clock.setTimeout(resolve, 100)));
    host.signal('SIGTERM');
    await host.advance(0);
    expect(drain.phase).toBe('closing');
    const late = new FakeDrainable('late').begin('GET /b');
    drain.add(late);
    expect(late.log).toEqual(['late announce', 'late refuse', 'late abort']);
    await host.advance(100);
    expect(drain.phase).toBe('closed');
  });

  test('after everything is closed it is refused and destroyed', async () => {
    const { host, drain } = rig();
    host.signal('SIGTERM');
    await host.advance(0);
    const late = new FakeDrainable('late').begin('GET /b');
    drain.add(late);
    expect(late.log).toEqual(['late announce', 'late refuse', 'late abort']);
  });

  test('one that was forgotten is neither counted nor waited for', async () => {
    const { host, drain } = rig();
    const gone = new FakeDrainable('gone').begin('GET /a');
    drain.add(gone);
    drain.remove(gone);
    expect(drain.inFlight).toBe(0);
    host.signal('SIGTERM');
    await host.advance(0);
    expect([drain.phase, gone.log]).toEqual(['closed', []]);
  });
});

describe('resources', () => {
  test('one that is registered while others close, closes next', async () => {
    const { host, drain, log } = rig().resources('below');
    drain.resource('late maker', () => void drain.resource('late', () => {}));
    host.signal('SIGTERM');
    await host.advance(0);
    expect(log.filter((text) => text.endsWith(' closed')).slice(0, 3)).toEqual([
      '0 late maker closed',
      '0 late closed',
      '0 below closed',
    ]);
  });

  test('after the drain it is an error', async () => {
    const { drain } = rig();
    await within('close() to settle', 1_000, drain.close());
    expect(() => drain.resource('late', () => {})).toThrow(
      expect.objectContaining({ code: 'DRAIN_RESOURCE_TOO_LATE' }),
    );
  });

  test('while the process is ending, what was still being opened is closed at once', async () => {
    const { host, drain, log } = rig();
    host.signal('SIGTERM');
    await host.advance(0);
    drain.resource('late', () => Promise.reject(new Error('not there yet')));
    await host.advance(0);
    expect(log.at(-1)).toBe('0 late failed');
    expect((await drain.done).resources).toEqual([]);
  });

  test('the process does not end before that is closed, within the time of a resource', async () => {
    const { host, drain, log } = rig();
    host.signal('SIGTERM');
    await host.advance(100);
    drain.resource('late', closeAfter(host, 600));
    drain.resource('hangs', never);
    await host.advance(600);
    expect([log.at(-1), host.exited]).toEqual(['700 late closed', undefined]);
    await host.advance(5_250);
    expect(log).toContain('5100 hangs hung');
    expect(host.exited).toBe(0);
  });

  test('whoever hears that everything is closed can register nothing more', async () => {
    const { drain } = rig();
    const codes: unknown[] = [];
    drain.on('report', () => {
      try {
        drain.resource('late', () => {});
      } catch (error) {
        codes.push(error instanceof DrainError && error.code);
      }
    });
    await within('close() to settle', 1_000, drain.close());
    expect(codes).toEqual(['DRAIN_RESOURCE_TOO_LATE']);
  });

  test('a close that waits for the drain itself is a hang like any other', async () => {
    const it = rig().resources('below');
    it.drain.resource('circular', () => it.drain.done);
    it.host.signal('SIGTERM');
    await it.host.advance(5_000);
    expect(it.report?.resources).toMatchObject([
      { name: 'circular', outcome: 'hung' },
      { name: 'below', outcome: 'closed' },
    ]);
  });
});

describe('readiness', () => {
  const status = (drain: Drain, route: 'ready' | 'live' | 'startup'): string => {
    const answer = drain.health(route);
    if (answer instanceof Promise) throw new Error('without checks an answer is there at once');
    const { status: word, output } = JSON.parse(answer.body) as { status: string; output?: string };
    return `${answer.statusCode} ${output ?? word}`;
  };

  test('unready and ready take it out of rotation and back, and are told once each', () => {
    const { drain, log } = rig().listening();
    drain.ready();
    drain.unready('cache is cold');
    drain.unready('still');
    expect([status(drain, 'ready'), status(drain, 'live'), status(drain, 'startup')]).toEqual([
      '503 unready',
      '200 pass',
      '200 pass',
    ]);
    drain.ready();
    expect(status(drain, 'ready')).toBe('200 pass');
    expect(log).toEqual(['0 unready cache is cold', '0 ready']);
    expect(drain.phase).toBe('serving');
  });

  test('unready before any server listens is starting', () => {
    const { drain } = rig();
    drain.unready();
    expect([status(drain, 'ready'), status(drain, 'startup')]).toEqual(['503 starting', '503 starting']);
    drain.ready();
    expect([status(drain, 'ready'), status(drain, 'startup')]).toEqual(['200 pass', '200 pass']);
  });

  test('a drain turns readiness at once and leaves liveness', async () => {
    const { host, drain } = rig().listening('GET /a');
    host.signal('SIGTERM');
    expect([status(drain, 'ready'), status(drain, 'live')]).toEqual(['503 draining', '200 pass']);
    drain.ready();
    expect(status(drain, 'ready')).toBe('503 draining');
    await host.advance(5_000);
    expect([status(drain, 'ready'), status(drain, 'live'), status(drain, 'startup')]).toEqual([
      '503 draining',
      '200 pass',
      '200 pass',
    ]);
  });

  test('readiness is 503 when the trigger’s phase is told, not after', () => {
    const { host, drain } = rig().listening();
    const seen: string[] = [];
    drain.on('phase', () => seen.push(status(drain, 'ready')));
    host.signal('SIGTERM');
    expect(seen).toEqual(['503 draining']);
  });

  test('unready during a drain does not say that it has not started', () => {
    const { host, drain } = rig().listening('GET /a');
    host.signal('SIGINT');
    drain.unready();
    expect(status(drain, 'startup')).toBe('200 pass');
  });
});

describe('what others do wrong', () => {
  test('a logger that throws does not stop the drain', async () => {
    const broken = (): never => {
      throw new Error('log destination is gone');
    };
    const it = rig({ logger: { info: broken, warn: broken, error: broken } }).resources('db');
    expect(() => it.host.signal('SIGTERM')).not.toThrow();
    await it.host.advance(0);
    expect(it.drain.phase).toBe('closed');
    expect(it.report?.resources).toMatchObject([{ name: 'db', outcome: 'closed' }]);
  });

  test.each(['announce', 'refuse', 'force', 'abort', 'work'] as const)(
    'a drainable whose %s throws does not stop the drain',
    async (method) => {
      const caught = catchUncaught();
      const it = rig().listening('GET /slow').resources('db');
      const broken = new FakeDrainable('broken');
      broken[method] = () => {
        throw new Error('broken');
      };
      it.drain.add(broken);
      let thrown: unknown;
      try {
        it.host.signal('SIGINT');
      } catch (error) {
        thrown = error;
      }
      await it.host.advance(LATEST).catch((error: unknown) => (thrown = error));
      expect(thrown).toBeUndefined();
      expect(caught).toContainEqual(new Error('broken'));
      expect(it.drain.phase).toBe('closed');
    },
  );

  test('an exit that throws, as a test runner’s does, leaves the report', async () => {
    const host: Host = Object.assign(fakeHost(), {
      exit: (): never => {
        throw new Error('process.exit called');
      },
    });
    const drain = new Drain({ logger: false }, host);
    expect(() => drain.abort('x')).toThrow('process.exit called');
    await expect(within('the drain to be over', 1_000, drain.done)).resolves.toMatchObject({ outcome: 'forced' });
  });
});
