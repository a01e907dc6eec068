import { describe, expectTypeOf, test } from 'vitest';
import type {
  Closable,
  Drainable,
  Drain,
  DrainErrorCode,
  DrainEvent,
  DrainEventOf,
  DrainEventType,
  DrainOptions,
  DrainOutcome,
  DrainPlan,
  DrainReport,
  Duration,
  Fault,
  Phase,
  Resource,
  ResourceReport,
  SignalName,
  Trigger,
  Work,
  WorkItem,
} from '../src/index.ts';
import { DrainError } from '../src/index.ts';

// The compiler checks these, not the test runner: a claim that does not hold fails `tsc -b`. What takes a drain is never called.

describe('durations', () => {
  test('are milliseconds, or a number with a unit', () => {
    expectTypeOf<5>().toExtend<Duration>();
    expectTypeOf<'5' | '5s' | '250ms' | '1.5m' | '1h'>().toExtend<Duration>();
    expectTypeOf<'5 parsecs'>().not.toExtend<Duration>();
    expectTypeOf<'5d' | 's' | '' | 'soon'>().not.toExtend<Duration>();
    expectTypeOf<true>().not.toExtend<Duration>();
  });

  test('options take them', () => {
    const fine: DrainOptions = { window: '5s', deadline: 10_000, gracePeriod: '1m', stallTimeout: '250ms' };
    // @ts-expect-error -- parsecs are no unit of time
    const parsecs: DrainOptions = { deadline: '5 parsecs' };
    // @ts-expect-error -- days are too long for a timer
    const days: DrainOptions = { gracePeriod: '5d' };
    expectTypeOf([fine, parsecs, days]).items.toEqualTypeOf<DrainOptions>();
  });
});

describe('options', () => {
  test('all are optional', () => {
    expectTypeOf<Partial<DrainOptions>>().toEqualTypeOf<DrainOptions>();
  });

  test('a report goes to a path that is put together', () => {
    const path: string = ['logs', 'drains.jsonl'].join('/');
    expectTypeOf({ report: path }).toExtend<DrainOptions>();
  });

  test('unknown names and values are errors before anything runs', () => {
    // @ts-expect-error -- misspelt
    expectTypeOf<DrainOptions>({ windw: '5s' });
    // @ts-expect-error -- no such choice
    expectTypeOf<DrainOptions>({ readiness: 'later' });
    // @ts-expect-error -- cannot be caught
    expectTypeOf<DrainOptions>({ signals: { SIGKILL: 'window' } });
    // @ts-expect-error -- not a path
    expectTypeOf<DrainOptions>({ health: true });
  });

  test('signals are a closed set', () => {
    expectTypeOf<SignalName>().toEqualTypeOf<'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGBREAK' | 'SIGUSR2'>();
  });

  test('a logger like pino’s, or like the console, is one', () => {
    expectTypeOf<Console>().toExtend<Exclude<DrainOptions['logger'], undefined>>();
    expectTypeOf<{ info: (text: string) => void }>().not.toExtend<Exclude<DrainOptions['logger'], undefined>>();
  });

  test('a plan has every option as a plain value', () => {
    expectTypeOf<DrainPlan['window' | 'deadline' | 'gracePeriod']>().toEqualTypeOf<number>();
    expectTypeOf<DrainPlan>().toExtend<Required<DrainPlan>>();
    expectTypeOf<DrainPlan['readiness']>().toEqualTypeOf<'at-signal' | 'after-window' | 'never'>();
  });
});

describe('events', () => {
  test('their types are a closed set', () => {
    expectTypeOf<DrainEventType>().toEqualTypeOf<
      | 'trigger'
      | 'phase'
      | 'readiness'
      | 'check'
      | 'warning'
      | 'deadline'
      | 'destroyed'
      | 'resource'
      | 'component'
      | 'part'
      | 'fault'
      | 'lingering'
      | 'report'
    >();
  });

  test('on() narrows to the type that was asked for', () => {
    const listen = (drain: Drain): void => {
      drain.on('phase', (event) => {
        expectTypeOf(event).toEqualTypeOf<DrainEventOf<'phase'>>();
        expectTypeOf(event.phase).toEqualTypeOf<Phase>();
      });
      drain.on('report', ({ report }) => expectTypeOf(report).toEqualTypeOf<DrainReport>());
      drain.on('resource', ({ resource }) => expectTypeOf(resource).toEqualTypeOf<ResourceReport>());
      drain.on('fault', ({ fault }) => expectTypeOf(fault).toEqualTypeOf<Fault>());
      drain.on('deadline', ({ work }) => expectTypeOf(work).toEqualTypeOf<readonly WorkItem[]>());
      // @ts-expect-error -- a report has no phase of its own
      drain.on('report', ({ phase }) => phase);
      // @ts-expect-error -- no such event
      drain.on('drained', () => {});
      expectTypeOf(drain.on('phase', () => {})).toEqualTypeOf<() => void>();
    };
    expectTypeOf(listen).returns.toBeVoid();
  });

  test('a switch over all types is exhaustive', () => {
    const text = (event: DrainEvent): string => {
      switch (event.type) {
        case 'trigger':
          return event.trigger.reason;
        case 'phase':
          return event.phase;
        case 'readiness':
          return String(event.ready);
        case 'check':
          return event.check.name;
        case 'warning':
          return event.warning.code;
        case 'deadline':
        case 'destroyed':
          return String(event.work.length);
        case 'resource':
          return event.resource.name;
        case 'part':
          return event.report.outcome;
        case 'component':
          return event.component.step;
        case 'fault':
          return event.fault.kind;
        case 'lingering':
          return event.handles.join();
        case 'report':
          return event.report.outcome;
        default:
          expectTypeOf(event).toBeNever();
          return event;
      }
    };
    expectTypeOf(text).returns.toBeString();
  });

  test('they are read-only', () => {
    const change = (event: DrainEventOf<'phase'>): void => {
      // @ts-expect-error -- what happened, happened
      event.phase = 'serving';
    };
    expectTypeOf(change).returns.toBeVoid();
  });
});

describe('reports', () => {
  test('outcomes are closed sets', () => {
    expectTypeOf<DrainOutcome>().toEqualTypeOf<'clean' | 'timed-out' | 'failed' | 'forced'>();
    expectTypeOf<ResourceReport['outcome']>().toEqualTypeOf<'closed' | 'failed' | 'hung' | 'skipped' | 'left'>();
    expectTypeOf<Trigger['kind']>().toEqualTypeOf<'signal' | 'message' | 'call' | 'close' | 'fault' | 'failure'>();
  });

  test('every way to begin a drain gives the same report', () => {
    expectTypeOf<Drain['done']>().toEqualTypeOf<Promise<DrainReport>>();
    expectTypeOf<Drain['start']>().returns.toEqualTypeOf<Promise<DrainReport>>();
    expectTypeOf<Drain['close']>().returns.toEqualTypeOf<Promise<DrainReport>>();
  });
});

describe('work and resources', () => {
  test('track gives what its work gives', () => {
    const run = (drain: Drain): void => {
      expectTypeOf(drain.track(Promise.resolve(5))).toEqualTypeOf<Promise<number>>();
      expectTypeOf(drain.track(async () => 'x')).toEqualTypeOf<Promise<string>>();
      expectTypeOf(drain.track(() => Date.now())).toEqualTypeOf<Promise<number>>();
      expectTypeOf(drain.enter('job')).toEqualTypeOf<Work>();
    };
    expectTypeOf(run).returns.toBeVoid();
    expectTypeOf<Work>().toExtend<Disposable>();
  });

  test('a resource is a function or something disposable', () => {
    expectTypeOf<() => void>().toExtend<Closable>();
    expectTypeOf<() => Promise<number>>().toExtend<Closable>();
    expectTypeOf<AsyncDisposable>().toExtend<Closable>();
    expectTypeOf<Disposable>().toExtend<Closable>();
    expectTypeOf<{ close(): void }>().not.toExtend<Closable>();
    expectTypeOf<(error: Error) => void>().not.toExtend<Closable>();
    expectTypeOf<Drain['resource']>().returns.toEqualTypeOf<Resource>();
  });

  test('a Drainable needs all of its methods', () => {
    expectTypeOf<Omit<Drainable, 'abort'>>().not.toExtend<Drainable>();
  });
});

test('an error is narrowed by its code', () => {
  expectTypeOf<DrainError['code']>().toEqualTypeOf<DrainErrorCode>();
  const isHang = (error: unknown): boolean => error instanceof DrainError && error.code === 'DRAIN_RESOURCE_HUNG';
  // @ts-expect-error -- no such code
  const isTypo = (error: DrainError): boolean => error.code === 'DRAIN_RESOURCE_HANGS';
  expectTypeOf([isHang, isTypo]).items.returns.toBeBoolean();
});
