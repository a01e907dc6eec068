import { FakeClock } from '@drainkit/testing';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DrainError } from '../../src/drain-error.ts';
import type { Closable } from '../../src/resources/closable.ts';
import { ResourceStack, type ResourceReport } from '../../src/resources/resource-stack.ts';

const never = (): Promise<never> => new Promise(() => {});

/** A stack on a clock that stands still, with what happened to it. */
class Rig {
  readonly clock = new FakeClock();
  readonly stack: ResourceStack;
  /** The names, in the order in which their close was called. */
  readonly began: string[] = [];
  readonly reports: ResourceReport[] = [];
  done = false;

  constructor(timeout = 1_000) {
    this.stack = new ResourceStack(this.clock, timeout);
  }

  add(name: string, close: () => unknown = () => {}, options?: Parameters<ResourceStack['register']>[2]) {
    const closable = (): unknown => {
      this.began.push(name);
      return close();
    };
    return this.stack.register(name, closable, options);
  }

  /** A close that takes `ms` of the clock. */
  slow(ms: number): () => Promise<void> {
    return () => new Promise((resolve) => void this.clock.setTimeout(resolve, ms));
  }

  close(until = 60_000): void {
    void this.stack.close(until, (report) => this.reports.push(report)).then(() => (this.done = true));
  }

  abandon(): void {
    this.stack.abandon((report) => this.reports.push(report));
  }

  get outcomes(): string[] {
    return this.reports.map(({ name, outcome, ms }) => `${name} ${outcome} ${ms}`);
  }
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof DrainError ? error.code : String(error);
  }
  return undefined;
}

describe('order', () => {
  test('resources close in reverse order of registration', async () => {
    const rig = new Rig();
    for (const name of ['postgres', 'redis', 'queue']) rig.add(name);
    rig.close();
    await rig.clock.advance(0);
    expect(rig.began).toEqual(['queue', 'redis', 'postgres']);
    expect(rig.outcomes).toEqual(['queue closed 0', 'redis closed 0', 'postgres closed 0']);
    expect(rig.stack.reports).toEqual(rig.reports);
    expect(rig.done).toBe(true);
  });

  test('they close one at a time', async () => {
    const rig = new Rig();
    rig.add('first', rig.slow(100));
    rig.add('second', rig.slow(300));
    rig.close();
    await rig.clock.advance(299);
    expect(rig.began).toEqual(['second']);
    await rig.clock.advance(1);
    expect(rig.began).toEqual(['second', 'first']);
    await rig.clock.advance(100);
    expect(rig.outcomes).toEqual(['second closed 300', 'first closed 100']);
  });

  test('what is first closes before all others, whenever it was registered', async () => {
    const rig = new Rig();
    rig.add('early');
    rig.add('framework', undefined, { first: true });
    rig.add('late');
    rig.close();
    await rig.clock.advance(0);
    expect(rig.began).toEqual(['framework', 'late', 'early']);
  });

  test('an empty stack closes at once', async () => {
    const rig = new Rig();
    rig.close();
    await rig.clock.advance(0);
    expect([rig.done, rig.reports, rig.clock.pending]).toEqual([true, [], 0]);
  });

  test('two of one name are two resources', async () => {
    const rig = new Rig();
    rig.add('pool', rig.slow(10));
    rig.add('pool', rig.slow(20));
    rig.close();
    await rig.clock.advance(30);
    expect(rig.outcomes).toEqual(['pool closed 20', 'pool closed 10']);
  });
});

describe('groups', () => {
  test('neighbours of one group close at the same time, all others one at a time', async () => {
    const rig = new Rig();
    rig.add('db', rig.slow(10));
    rig.add('redis', rig.slow(100), { group: 'clients' });
    rig.add('mail', rig.slow(50), { group: 'clients' });
    rig.add('queue', rig.slow(10));
    rig.close();
    await rig.clock.advance(10);
    expect(rig.began).toEqual(['queue', 'mail', 'redis']);
    await rig.clock.advance(99);
    expect(rig.began).toHaveLength(3);
    await rig.clock.advance(11);
    expect(rig.outcomes).toEqual(['queue closed 10', 'mail closed 50', 'redis closed 100', 'db closed 10']);
    expect(rig.reports.map(({ parallel }) => parallel)).toEqual([undefined, undefined, true, undefined]);
  });

  test('a group that something else was registered in the middle of stays in order', async () => {
    const rig = new Rig();
    rig.add('a', rig.slow(10), { group: 'g' });
    rig.add('between', rig.slow(10));
    rig.add('b', rig.slow(10), { group: 'g' });
    rig.close();
    await rig.clock.advance(9);
    expect(rig.began).toEqual(['b']);
    await rig.clock.advance(21);
    expect(rig.began).toEqual(['b', 'between', 'a']);
  });

  test('one of a group that hangs, or throws, takes nothing from the others', async () => {
    const rig = new Rig(1_000);
    rig.add('fine', rig.slow(400), { group: 'g' });
    rig.add('stuck', never, { group: 'g', timeout: 500 });
    rig.add(
      'broken',
      () => {
        throw new Error('broken');
      },
      { group: 'g' },
    );
    rig.close();
    await rig.clock.advance(500);
    expect(rig.outcomes).toEqual(['broken failed 0', 'fine closed 400', 'stuck hung 500']);
    expect(rig.done).toBe(true);
  });

  test('a group needs the time of its longest, not of all', async () => {
    const rig = new Rig();
    rig.add('last', never, { timeout: 1_000 });
    for (const name of ['a', 'b', 'c']) rig.add(name, never, { group: 'g', timeout: 1_000 });
    rig.close(1_000);
    await rig.clock.advance(1_000);
    expect(rig.outcomes).toEqual(['c hung 500', 'b hung 500', 'a hung 500', 'last hung 500']);
  });

  test('a group that is given up is hung as a whole', async () => {
    const rig = new Rig();
    for (const name of ['a', 'b']) rig.add(name, never, { group: 'g' });
    rig.close();
    await rig.clock.advance(10);
    rig.abandon();
    expect(rig.outcomes).toEqual(['b hung 10', 'a hung 10']);
  });
});

describe('what is not waited for', () => {
  test('is called and left; what it does afterwards is no longer told', async () => {
    const rig = new Rig();
    rig.add('next');
    rig.add('left', () => Promise.reject(new Error('nobody listens')), { awaited: false });
    rig.close();
    await rig.clock.advance(0);
    expect(rig.began).toEqual(['left', 'next']);
    expect(rig.outcomes).toEqual(['left left 0', 'next closed 0']);
  });

  test('fails where it throws at once', async () => {
    const rig = new Rig();
    const broken = (): never => {
      throw new Error('broken');
    };
    rig.add('broken', broken, { awaited: false });
    rig.close();
    await rig.clock.advance(0);
    expect(rig.outcomes).toEqual(['broken failed 0']);
  });
});

describe('failures', () => {
  test.each([
    [
      'throws',
      (): never => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('a resource that %s is reported with its error, and the next closes', async (_, close) => {
    const rig = new Rig();
    rig.add('next');
    rig.add('broken', close);
    rig.close();
    await rig.clock.advance(0);
    expect(rig.reports).toMatchObject([
      { name: 'broken', outcome: 'failed', error: new Error('broken') },
      { name: 'next', outcome: 'closed' },
    ]);
    expect(rig.reports[1]).not.toHaveProperty('error');
  });

  test('a rejection with nothing is a failure all the same', async () => {
    const rig = new Rig();
    rig.add('odd', () => Promise.reject(undefined));
    rig.close();
    await rig.clock.advance(0);
    expect(rig.outcomes).toEqual(['odd failed 0']);
  });

  test('a resource that hangs is named after its own time, and the next closes', async () => {
    const rig = new Rig(1_000);
    rig.add('next');
    rig.add('stuck', never);
    rig.add('stuck for less', never, { timeout: 50 });
    rig.close();
    await rig.clock.advance(49);
    expect(rig.outcomes).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.outcomes).toEqual(['stuck for less hung 50']);
    await rig.clock.advance(1_000);
    expect(rig.outcomes).toEqual(['stuck for less hung 50', 'stuck hung 1000', 'next closed 0']);
    const { error } = rig.reports[1] ?? {};
    expect(error).toBeInstanceOf(DrainError);
    expect(error).toMatchObject({ code: 'DRAIN_RESOURCE_HUNG' });
    expect(String(error)).toContain("resource 'stuck' did not close within 1000 ms");
  });

  test.each([
    ['closes', () => {}],
    [
      'fails',
      () => {
        throw new Error('too late');
      },
    ],
  ])('one that %s after it was given up is neither reported twice nor an unhandled rejection', async (_, ending) => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
    const rig = new Rig(100);
    rig.add('next', rig.slow(90));
    rig.add('late', async () => {
      await rig.slow(150)();
      ending();
    });
    rig.close();
    await rig.clock.advance(500);
    expect(rig.outcomes).toEqual(['late hung 100', 'next closed 90']);
    expect(unhandled).toEqual([]);
  });

  test('a listener that is told of a resource sees it in the reports already', async () => {
    const rig = new Rig();
    rig.add('only');
    let seen: readonly ResourceReport[] = [];
    void rig.stack.close(60_000, () => (seen = [...rig.stack.reports]));
    await rig.clock.advance(0);
    expect(seen).toMatchObject([{ name: 'only' }]);
  });
});

describe('time', () => {
  test('time that one did not need is there for the next', async () => {
    const rig = new Rig(1_000);
    rig.add('slow', rig.slow(900));
    rig.add('quick');
    rig.close(1_000);
    await rig.clock.advance(1_000);
    expect(rig.outcomes).toEqual(['quick closed 0', 'slow closed 900']);
  });

  test('where time is short each has its share, so that one that hangs never takes the time of the next', async () => {
    const rig = new Rig(1_000);
    rig.add('first', rig.slow(200));
    rig.add('second', never);
    rig.add('third', never);
    rig.close(900);
    await rig.clock.advance(900);
    expect(rig.outcomes).toEqual(['third hung 300', 'second hung 300', 'first closed 200']);
  });

  test('shares are in proportion to the timeouts', async () => {
    const rig = new Rig(1_000);
    rig.add('small', never, { timeout: 100 });
    rig.add('large', never, { timeout: 300 });
    rig.close(200);
    await rig.clock.advance(200);
    expect(rig.outcomes).toEqual(['large hung 150', 'small hung 50']);
    expect(rig.done).toBe(true);
  });

  test('what closes at once closes even where no time is left at all', async () => {
    const rig = new Rig(1_000);
    rig.add('quick');
    rig.add('stuck', never);
    rig.add('zero', undefined, { timeout: 0 });
    await rig.clock.advance(50);
    rig.close(40);
    await rig.clock.advance(0);
    expect(rig.outcomes).toEqual(['zero closed 0', 'stuck hung 0', 'quick closed 0']);
  });

  test('a resource without time does not upset the arithmetic when the time is over', async () => {
    const rig = new Rig(0);
    rig.add('stuck', never);
    await rig.clock.advance(50);
    rig.close(40);
    await rig.clock.advance(0);
    expect(rig.outcomes).toEqual(['stuck hung 0']);
    expect(rig.done).toBe(true);
  });

  test('a resource that may take for ever takes what is left', async () => {
    const rig = new Rig(1_000);
    rig.add('patient', never, { timeout: Infinity });
    rig.close(5_000);
    await rig.clock.advance(4_999);
    expect(rig.outcomes).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.outcomes).toEqual(['patient hung 5000']);
  });

  test('no timer is left behind', async () => {
    const rig = new Rig();
    rig.add('quick');
    rig.add('broken', () => Promise.reject(new Error('x')));
    rig.close();
    await rig.clock.advance(0);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('what can be closed', () => {
  test('a function is called without a this and without arguments', async () => {
    const rig = new Rig();
    let called: unknown[] | undefined;
    rig.stack.register('function', (...args: unknown[]) => (called = args));
    rig.close();
    await rig.clock.advance(0);
    expect(called).toEqual([]);
  });

  test('an AsyncDisposable is disposed of, and waited for', async () => {
    const rig = new Rig();
    class Pool implements AsyncDisposable {
      closed = false;
      async [Symbol.asyncDispose](): Promise<void> {
        await rig.slow(50)();
        this.closed = true;
      }
    }
    const pool = new Pool();
    rig.stack.register('pool', pool);
    rig.close();
    await rig.clock.advance(50);
    expect(rig.outcomes).toEqual(['pool closed 50']);
    expect(pool.closed).toBe(true);
  });

  test('a Disposable is disposed of', async () => {
    const rig = new Rig();
    let disposed = 0;
    rig.stack.register('file', { [Symbol.dispose]: () => void (disposed += 1) });
    rig.close();
    await rig.clock.advance(0);
    expect([disposed, rig.outcomes]).toEqual([1, ['file closed 0']]);
  });

  test('of both ways, the asynchronous one is taken', async () => {
    const rig = new Rig();
    const taken: string[] = [];
    rig.stack.register('both', {
      [Symbol.dispose]: () => void taken.push('sync'),
      [Symbol.asyncDispose]: async () => void taken.push('async'),
    });
    rig.close();
    await rig.clock.advance(0);
    expect(taken).toEqual(['async']);
  });

  test('a thenable is waited for', async () => {
    const rig = new Rig();
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    rig.add('thenable', () => ({ then: (done: () => void) => void rig.clock.setTimeout(done, 70) }));
    rig.close();
    await rig.clock.advance(70);
    expect(rig.outcomes).toEqual(['thenable closed 70']);
  });
});

describe('registration', () => {
  test('what is registered while others close, closes next', async () => {
    const rig = new Rig();
    rig.add('first');
    rig.add('second', async () => {
      await rig.slow(10)();
      rig.add('late');
    });
    rig.close();
    await rig.clock.advance(10);
    expect(rig.began).toEqual(['second', 'late', 'first']);
  });

  test('what the last one registers is closed, too', async () => {
    const rig = new Rig();
    rig.add('last', () => {
      rig.add('later', () => {
        rig.add('latest');
      });
    });
    rig.close();
    await rig.clock.advance(0);
    expect(rig.began).toEqual(['last', 'later', 'latest']);
  });

  test('what is registered by whoever is told of the last one is closed, too', async () => {
    const rig = new Rig();
    rig.add('last');
    void rig.stack.close(60_000, ({ name }) => {
      if (name === 'last') rig.add('later');
    });
    await rig.clock.advance(0);
    expect(rig.began).toEqual(['last', 'later']);
  });

  test('after everything is closed it is an error', async () => {
    const rig = new Rig();
    rig.close();
    await rig.clock.advance(0);
    expect(codeOf(() => rig.add('redis'))).toBe('DRAIN_RESOURCE_TOO_LATE');
    expect(() => rig.add('redis')).toThrow("resource 'redis' was registered after the drain had closed everything");
  });

  test('what is forgotten is not closed', async () => {
    const rig = new Rig();
    rig.add('kept');
    const forgotten = rig.add('forgotten');
    expect(forgotten.name).toBe('forgotten');
    forgotten.forget();
    forgotten.forget();
    rig.close();
    await rig.clock.advance(0);
    expect(rig.outcomes).toEqual(['kept closed 0']);
  });

  test('forgetting one that is closing, or closed, changes nothing', async () => {
    const rig = new Rig();
    const below = rig.add('below');
    const closing = rig.add('closing', rig.slow(10));
    rig.close();
    closing.forget();
    await rig.clock.advance(10);
    closing.forget();
    below.forget();
    expect(rig.outcomes).toEqual(['closing closed 10', 'below closed 0']);
  });

  test('of two of one name, the one that was meant is forgotten', async () => {
    const rig = new Rig();
    const closed: string[] = [];
    rig.add('pool', () => closed.push('old')).forget();
    rig.add('pool', () => closed.push('new'));
    rig.close();
    await rig.clock.advance(0);
    expect(closed).toEqual(['new']);
  });

  test.each([
    ['no name', '', () => {}],
    ['a name that is no text', 5, () => {}],
    ['nothing to close', 'x', undefined],
    ['null', 'x', null],
    ['a text', 'x', 'close'],
    ['an object without a dispose', 'x', { close: () => {} }],
    ['a promise', 'x', Promise.resolve()],
  ])('with %s it is refused', (_, name, closable) => {
    const rig = new Rig();
    expect(codeOf(() => rig.stack.register(name as string, closable as Closable))).toBe('DRAIN_RESOURCE_INVALID');
  });

  test.each([[-1], [Number.NaN], ['5 parsecs'], [null]])('with a timeout of %j it is refused', (timeout) => {
    const rig = new Rig();
    const options = { timeout: timeout as number };
    expect(codeOf(() => rig.stack.register('x', () => {}, options))).toBe('DRAIN_RESOURCE_INVALID');
    expect(() => rig.stack.register('x', () => {}, options)).toThrow("the timeout of resource 'x'");
  });
});

describe('abandon', () => {
  test('it names the one that is closing and all that are left, in the order of closing', async () => {
    const rig = new Rig();
    rig.add('bottom');
    rig.add('middle');
    rig.add('top', never);
    rig.close();
    await rig.clock.advance(30);
    rig.abandon();
    await rig.clock.advance(0);
    expect(rig.outcomes).toEqual(['top hung 30', 'middle skipped 0', 'bottom skipped 0']);
    expect(rig.began).toEqual(['top']);
    expect(rig.reports[0]).toMatchObject({ error: { code: 'DRAIN_RESOURCE_HUNG' } });
    expect(rig.reports[1]).not.toHaveProperty('error');
    expect([rig.done, rig.clock.pending]).toEqual([true, 0]);
  });

  test('before anything closes it names all', () => {
    const rig = new Rig();
    rig.add('bottom');
    rig.add('top');
    rig.abandon();
    expect(rig.outcomes).toEqual(['top skipped 0', 'bottom skipped 0']);
    expect(rig.began).toEqual([]);
  });

  test('after it nothing can be registered', () => {
    const rig = new Rig();
    rig.abandon();
    expect(codeOf(() => rig.add('late'))).toBe('DRAIN_RESOURCE_TOO_LATE');
  });

  test('when all is closed it changes nothing', async () => {
    const rig = new Rig();
    rig.add('only');
    rig.close();
    await rig.clock.advance(0);
    rig.abandon();
    rig.abandon();
    expect(rig.outcomes).toEqual(['only closed 0']);
  });

  test('what closes before all others is skipped before all others', () => {
    const rig = new Rig();
    rig.add('framework', undefined, { first: true });
    rig.add('late');
    rig.abandon();
    expect(rig.outcomes).toEqual(['framework skipped 0', 'late skipped 0']);
  });

  test('one that was abandoned and closes later is not reported again', async () => {
    const rig = new Rig();
    rig.add('slow', rig.slow(40));
    rig.close();
    await rig.clock.advance(20);
    rig.abandon();
    await rig.clock.advance(100);
    expect(rig.outcomes).toEqual(['slow hung 20']);
  });
});

describe('whatever resources do', () => {
  const behaviour = fc.record({
    does: fc.constantFrom('closes', 'throws', 'rejects', 'hangs', 'takes its time', 'registers another'),
    ms: fc.nat(2_000),
    timeout: fc.option(fc.nat(2_000), { nil: undefined }),
    first: fc.boolean(),
  });

  test('each is in the report exactly once, by the time that was set, and none is closed twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { maxLength: 6 }),
        fc.nat(4_000),
        fc.option(fc.nat(4_000), { nil: undefined }),
        async (behaviours, until, abandonAt) => {
          const rig = new Rig(500);
          const names = new Set<string>();
          const register = ({ does, ms, timeout, first }: (typeof behaviours)[number], name: string): void => {
            const options = timeout === undefined ? { first } : { first, timeout };
            names.add(name);
            rig.add(name, () => act(does, ms, name), options);
          };
          const act = (does: string, ms: number, name: string): unknown => {
            if (does === 'throws') throw new Error(name);
            if (does === 'rejects') return Promise.reject(new Error(name));
            if (does === 'hangs') return never();
            if (does === 'takes its time') return rig.slow(ms)();
            if (does === 'registers another') {
              register({ does: 'takes its time', ms, timeout: ms, first: false }, `${name}, another`);
            }
            return undefined;
          };
          behaviours.forEach((each, index) => register(each, String(index)));
          rig.close(until);
          if (abandonAt !== undefined && abandonAt < until) {
            await rig.clock.advance(abandonAt);
            rig.abandon();
          }
          // Timers fire in whole milliseconds, shares need not be any.
          await rig.clock.advance(until + 1);
          expect(rig.done).toBe(true);
          expect(rig.reports.map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
          expect(new Set(rig.began).size).toBe(rig.began.length);
          await rig.clock.advance(10_000);
          expect(rig.reports).toHaveLength(names.size);
        },
      ),
      { numRuns: 150 },
    );
  });
});
