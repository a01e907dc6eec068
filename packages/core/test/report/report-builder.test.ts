import { describe, expect, test } from 'vitest';
import type { ComponentStep } from '../../src/components/component.ts';
import type { DrainEvent } from '../../src/drain-event.ts';
import { SERVING, type DrainState } from '../../src/drain-machine.ts';
import type { DrainReport } from '../../src/report/drain-report.ts';
import type { Phase } from '../../src/phase.ts';
import { ReportBuilder } from '../../src/report/report-builder.ts';
import type { ResourceReport } from '../../src/resources/resource-stack.ts';
import { signalTrigger } from '../../src/trigger.ts';

const START = new Date('2026-01-01T00:00:00.000Z');
const COUNTS = { servedLate: 2, refused: 3, stalled: 4, probeFailures: 5 };
const OVER: DrainState = { ...SERVING, phase: 'closed', trigger: signalTrigger('SIGTERM', 15, true), exits: true };

const entered = (phase: Phase, elapsedMs: number, inFlight = 0): DrainEvent => ({
  type: 'phase',
  phase,
  previous: 'serving',
  inFlight,
  elapsedMs,
});

const resource = (outcome: ResourceReport['outcome'], ms = 5): DrainEvent => ({
  type: 'resource',
  resource: { name: outcome, outcome, ms },
});

function build(events: readonly DrainEvent[], state: Partial<DrainState> = {}): DrainReport {
  const builder = new ReportBuilder();
  for (const event of events) builder.add(event);
  return builder.build({ ...OVER, ...state }, START, COUNTS);
}

const component = (step: ComponentStep['step'], ms: number, failure?: { error: unknown }): DrainEvent => ({
  type: 'component',
  component: { name: 'redis', step, outcome: failure === undefined ? 'done' : 'failed', ms, ...failure },
});

const DRAIN = [
  entered('announcing', 0, 7),
  entered('draining', 5_000, 3),
  entered('closing', 5_200),
  entered('closed', 5_260),
];

describe('times', () => {
  test('each phase lasts until the next, and the last one has no end', () => {
    const { phases, totalMs, startedAt } = build(DRAIN);
    expect(phases).toEqual([
      { phase: 'announcing', ms: 5_000 },
      { phase: 'draining', ms: 200 },
      { phase: 'closing', ms: 60 },
    ]);
    expect(totalMs).toBe(5_260);
    expect(startedAt).toBe('2026-01-01T00:00:00.000Z');
  });

  test('a drain that was aborted while serving has no phases', () => {
    expect(build([entered('closed', 0)])).toMatchObject({ phases: [], totalMs: 0 });
  });

  test('all are whole milliseconds', () => {
    const work = [{ name: 'job', ageMs: 3.7 }];
    const report = build([
      entered('announcing', 0),
      entered('draining', 10.4),
      { type: 'deadline', work },
      { type: 'destroyed', work },
      entered('closing', 20.6),
      resource('closed', 3.7),
      entered('closed', 30.5),
    ]);
    expect(report.phases.map(({ ms }) => ms)).toEqual([10, 10, 10]);
    expect(report).toMatchObject({
      totalMs: 31,
      atDeadline: [{ name: 'job', ageMs: 4 }],
      aborted: [{ name: 'job', ageMs: 4 }],
      resources: [{ ms: 4 }],
    });
  });
});

describe('what it gathers', () => {
  test('in flight at the start is what was when the first phase was entered', () => {
    expect(build(DRAIN).inFlightAtStart).toBe(7);
  });

  test('why the window ended is the machine’s word', () => {
    expect(build(DRAIN, { windowEnd: 'quiet' }).windowEnd).toBe('quiet');
  });

  test('the counts are taken as they are', () => {
    expect(build(DRAIN)).toMatchObject(COUNTS);
  });

  test('work at the deadline and work that was destroyed are kept apart', () => {
    const [mail, job] = [
      { name: 'mail', ageMs: 1 },
      { name: 'job', ageMs: 2 },
    ];
    const report = build([
      { type: 'deadline', work: [mail, job] },
      { type: 'destroyed', work: [job] },
    ]);
    expect([report.atDeadline, report.aborted]).toEqual([[mail, job], [job]]);
  });

  test.each([
    [new Error('broken'), 'broken'],
    ['a text', 'a text'],
    [Object.create(null), '[object Object]'],
  ])('resources come in the order of closing, with their errors as text', (error: unknown, text) => {
    const { resources } = build([
      resource('closed'),
      { type: 'resource', resource: { name: 'db', outcome: 'failed', ms: 1, error } },
    ]);
    expect(resources).toEqual([
      { name: 'closed', outcome: 'closed', ms: 5 },
      { name: 'db', outcome: 'failed', ms: 1, error: text },
    ]);
  });

  test('a component is one row, however often it failed, with its last error', () => {
    const failures = Array.from({ length: 1_000 }, (_, count) => [
      component('failure', 0, { error: new Error(`lost ${count}`) }),
      component('recovery', 5),
    ]);
    const { components, outcome } = build([component('start', 12.4), ...failures.flat(), ...DRAIN]);
    expect(components).toEqual([{ name: 'redis', startMs: 12, failures: 1_000, error: 'lost 999' }]);
    expect(outcome).toBe('clean');
  });

  test('a component that failed to start has no time of starting', () => {
    const { components } = build([component('start', 5, { error: 'down' })]);
    expect(components).toEqual([{ name: 'redis', failures: 0, error: 'down' }]);
  });

  test('a component that fails to quiesce fails the drain; one that failed to when it was rolled back does not', () => {
    const failure = component('quiesce', 7, { error: new Error('channel closed') });
    expect(build([...DRAIN, failure])).toMatchObject({ outcome: 'failed', components: [{ quiesceMs: 7 }] });
    expect(build([failure, ...DRAIN]).outcome).toBe('clean');
  });

  test('a resource that was not to be waited for is no failure', () => {
    expect(build([resource('left')]).outcome).toBe('clean');
  });

  test('faults are kept as text', () => {
    const fault = { kind: 'unhandledRejection', error: new Error('connection lost') } as const;
    expect(build([{ type: 'fault', fault }]).faults).toEqual(['unhandledRejection: connection lost']);
  });

  test('events that are no part of a report leave no trace', () => {
    const others: DrainEvent[] = [
      { type: 'readiness', ready: false, reason: 'x' },
      { type: 'lingering', handles: ['Timeout'] },
      { type: 'trigger', trigger: signalTrigger('SIGINT', 2, false) },
    ];
    expect(build([...DRAIN, ...others])).toEqual(build(DRAIN));
  });

  test('the trigger is its kind and reason, and nothing else', () => {
    expect(build(DRAIN).trigger).toEqual({ kind: 'signal', reason: 'SIGTERM' });
  });
});

describe('outcome and exit code', () => {
  test.each([
    ['clean', 0, {}, []],
    ['clean', 0, {}, [resource('closed')]],
    ['timed-out', 1, { timedOut: true }, [resource('closed')]],
    ['failed', 1, {}, [resource('failed')]],
    ['failed', 1, {}, [resource('hung')]],
    ['failed', 1, { faulted: true }, []],
    ['failed', 1, { faulted: true, timedOut: true }, []],
    ['failed', 1, { timedOut: true }, [resource('hung')]],
    ['forced', 1, { forced: true }, []],
    ['forced', 1, { forced: true, timedOut: true, faulted: true }, [resource('skipped')]],
    ['forced', 143, { forced: true, exitCode: 143 }, []],
    ['forced', 0, { forced: true, exitCode: 0 }, []],
  ] as const)('%s, %j: %j', (outcome, exitCode, state, events) => {
    expect(build([...DRAIN, ...events], state)).toMatchObject({ outcome, exitCode });
  });
});

test('a report can be made JSON of', () => {
  const report = build(DRAIN);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('the JSON of a report says what the error of a resource was', () => {
  const error = new Error('connection lost');
  const report = build([...DRAIN, { type: 'resource', resource: { name: 'db', outcome: 'failed', ms: 1, error } }]);
  expect(JSON.stringify(report)).toContain('connection lost');
});
