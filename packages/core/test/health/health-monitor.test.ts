import { fakeHost, within, type FakeHost } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { Drain } from '../../src/drain.ts';
import type { DrainEventOf } from '../../src/drain-event.ts';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import type { HealthRoute } from '../../src/health/health.ts';
import { FakeDrainable } from '../fake-drainable.ts';

/** A drain with one server that listens, whose checks pass unless their names are in `broken`. */
class Rig {
  readonly host: FakeHost = fakeHost();
  readonly drain: Drain;
  readonly broken = new Set<string>();
  readonly ran: string[] = [];
  readonly told: string[] = [];

  constructor(options: DrainOptions = {}) {
    this.drain = new Drain({ logger: false, ...options }, this.host);
    this.drain.add(new FakeDrainable());
    this.drain.on('check', ({ check: { name, status } }: DrainEventOf<'check'>) => this.told.push(`${name} ${status}`));
  }

  check(name: string, affects: HealthRoute | 'none'): void {
    const run = async (): Promise<void> => {
      this.ran.push(name);
      if (this.broken.has(name)) throw Object.assign(new Error('password is hunter2'), { code: 'ECONNREFUSED' });
    };
    this.drain.check(name, run, { affects, cache: 0 });
  }

  async ask(route: HealthRoute): Promise<string> {
    const { statusCode, body } = await within(`/${route}`, 1_000, Promise.resolve(this.drain.health(route)));
    return `${statusCode} ${body}`;
  }
}

const PASS = '200 {"status":"pass"}';
const FAIL = '503 {"status":"fail","output":"a check failed"}';

describe('what a check affects', () => {
  test.each(['ready', 'live', 'startup'] as const)('one that affects %s is run for no other route', async (affects) => {
    const it = new Rig();
    it.check('db', affects);
    for (const route of ['ready', 'live', 'startup'] as const) {
      it.ran.length = 0;
      expect(await it.ask(route)).toBe(PASS);
      // The startup check has passed by then, and is not run again.
      expect([route, it.ran]).toEqual([route, route === (affects === 'startup' ? 'ready' : affects) ? ['db'] : []]);
    }
  });

  test.each(['ready', 'live'] as const)('%s is 503 while its check fails, and the others are not', async (affects) => {
    const it = new Rig();
    it.check('db', affects);
    it.broken.add('db');
    for (const route of ['ready', 'live', 'startup'] as const)
      expect(await it.ask(route)).toBe(route === affects ? FAIL : PASS);
    it.broken.clear();
    expect(await it.ask(affects)).toBe(PASS);
  });

  test('startup and readiness wait for a startup check to pass once, and for no more', async () => {
    const it = new Rig();
    it.check('migrations', 'startup');
    it.broken.add('migrations');
    expect(await it.ask('startup')).toBe('503 {"status":"fail","output":"starting"}');
    expect(await it.ask('ready')).toBe('503 {"status":"fail","output":"starting"}');
    expect(await it.ask('live')).toBe(PASS);
    it.broken.clear();
    expect(await it.ask('startup')).toBe(PASS);
    it.broken.add('migrations');
    expect([await it.ask('startup'), await it.ask('ready')]).toEqual([PASS, PASS]);
  });

  test('one that affects nothing warns', async () => {
    const it = new Rig();
    it.check('cache', 'none');
    it.broken.add('cache');
    expect(await it.ask('ready')).toBe('200 {"status":"warn","output":"a check failed"}');
    expect(it.told).toEqual(['cache fail']);
  });

  test('one failure is enough', async () => {
    const it = new Rig();
    for (const name of ['a', 'b', 'c']) it.check(name, 'ready');
    it.broken.add('b');
    expect(await it.ask('ready')).toBe(FAIL);
    expect(it.ran).toEqual(['a', 'b', 'c']);
  });

  test('one that is forgotten is not run any more, and its name is free', async () => {
    const it = new Rig();
    const check = it.drain.check('db', () => false);
    expect(await it.ask('ready')).toBe(FAIL);
    expect(() => it.drain.check('db', () => true)).toThrow(/'db', which there is already/);
    check.forget();
    expect(await it.ask('ready')).toBe(PASS);
    it.drain.check('db', () => true);
    check.forget();
    expect(it.drain.health('ready')).toBeInstanceOf(Promise);
  });
});

describe('details', () => {
  test('are hidden by default', async () => {
    const it = new Rig();
    it.check('db', 'ready');
    it.broken.add('db');
    expect(await it.ask('ready')).not.toContain('db');
  });

  test('show each check, and of an error no more than its code', async () => {
    const it = new Rig({ health: { details: true } });
    for (const name of ['db', 'mq']) it.check(name, 'ready');
    it.check('cache', 'none');
    it.broken.add('db').add('cache');
    const body = (await it.ask('ready')).replace(/^503 /, '');
    const detail = { observedValue: 0, observedUnit: 'ms', time: it.host.clock.date().toISOString() };
    expect(JSON.parse(body)).toEqual({
      status: 'fail',
      output: 'a check failed',
      checks: {
        'db:responseTime': [{ ...detail, status: 'fail', output: 'ECONNREFUSED' }],
        'mq:responseTime': [{ ...detail, status: 'pass' }],
        'cache:responseTime': [{ ...detail, status: 'warn', output: 'ECONNREFUSED' }],
      },
    });
    expect(body).not.toContain('hunter2');
  });

  test('an error without a code that is one is shown as failed', async () => {
    const it = new Rig({ health: { details: true } });
    it.drain.check('db', () => Promise.reject(Object.assign(new Error('x'), { code: 'user hunter2' })));
    expect(await it.ask('ready')).toContain('"output":"failed"');
    expect(await it.ask('ready')).not.toContain('hunter2');
  });
});

describe('events', () => {
  test('a check tells when it begins to fail and when it passes again, however often it runs and is asked for', async () => {
    const it = new Rig();
    it.check('db', 'ready');
    const askThrice = (): Promise<string[]> => Promise.all([it.ask('ready'), it.ask('ready'), it.ask('ready')]);
    await askThrice();
    it.broken.add('db');
    await askThrice();
    await askThrice();
    it.broken.clear();
    await askThrice();
    await askThrice();
    expect(it.ran).toHaveLength(5);
    expect(it.told).toEqual(['db fail', 'db pass']);
  });
});

describe('in a drain', () => {
  test('no check is run any more: the phase decides, and liveness stays 200', async () => {
    const it = new Rig();
    it.check('db', 'ready');
    it.check('self', 'live');
    it.broken.add('self');
    it.host.signal('SIGTERM');
    expect(it.drain.health('ready')).toMatchObject({ statusCode: 503, body: '{"status":"fail","output":"draining"}' });
    expect(it.drain.health('live')).toMatchObject({ statusCode: 200 });
    expect(it.ran).toEqual([]);
  });

  test('who waits for a check when it begins is told at once', async () => {
    const it = new Rig();
    const signals: AbortSignal[] = [];
    it.drain.check('db', (signal) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const answer = it.ask('ready');
    it.host.signal('SIGTERM');
    expect(await answer).toBe('503 {"status":"fail","output":"draining"}');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(it.told).toEqual([]);
  });

  test('an app that is unready is told so, whatever its checks say, and they are not run', async () => {
    const it = new Rig();
    it.check('db', 'ready');
    it.drain.unready('migrating');
    expect(await it.ask('ready')).toBe('503 {"status":"fail","output":"unready"}');
    expect(it.ran).toEqual([]);
  });

  test('a probe that is told 503 after its check counts; one whose asker has left does not', async () => {
    const it = new Rig({ window: { min: 0, max: '10s', quiet: 0, probeFailures: 2 } });
    it.drain.check('db', () => new Promise(() => {}));
    const gone = it.drain.health('ready', () => true);
    const there = it.drain.health('ready', () => false);
    it.host.signal('SIGTERM');
    await Promise.all([gone, there]);
    await it.host.advance(0);
    expect(it.drain.phase).toBe('announcing');
    await it.ask('ready');
    expect(await within('the drain to end', 1_000, it.drain.done)).toMatchObject({
      probeFailures: 2,
      windowEnd: 'quiet',
    });
  });
});

test('checks are run when the drain is disabled, too', async () => {
  const it = new Rig({ enabled: false });
  it.check('db', 'ready');
  it.broken.add('db');
  expect(await it.ask('ready')).toBe(FAIL);
});
