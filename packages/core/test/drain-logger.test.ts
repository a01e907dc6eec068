import { describe, expect, test } from 'vitest';
import type { DrainEvent, DrainEventOf } from '../src/drain-event.ts';
import { logEvent, type DrainLogger } from '../src/drain-logger.ts';
import { resolvePlan } from '../src/plan/drain-plan.ts';
import { drainWarning } from '../src/doctor/drain-warning.ts';
import type { DrainReport } from '../src/report/drain-report.ts';
import { signalTrigger } from '../src/trigger.ts';

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger whose methods need their `this`, as pino's do. */
class Recorder implements DrainLogger {
  readonly lines: Line[] = [];

  info(fields: object, message: string): void {
    this.#push('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#push('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#push('error', fields, message);
  }

  #push(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields: { ...fields }, message });
  }
}

const PLAN = resolvePlan({}, {});

function log(event: DrainEvent): Line {
  const logger = new Recorder();
  logEvent(logger, PLAN, event);
  expect(logger.lines).toHaveLength(1);
  const [line] = logger.lines;
  if (line === undefined) throw new Error('nothing was logged');
  return line;
}

const report = (outcome: DrainReport['outcome'], exitCode: number): DrainEventOf<'report'> => ({
  type: 'report',
  report: {
    version: 1,
    outcome,
    exitCode,
    trigger: { kind: 'signal', reason: 'SIGTERM' },
    startedAt: '2026-01-01T00:00:00.000Z',
    totalMs: 1_500,
    phases: [],
    windowEnd: 'elapsed',
    probeFailures: 0,
    inFlightAtStart: 0,
    servedLate: 0,
    refused: 0,
    stalled: 0,
    atDeadline: [],
    aborted: [],
    resources: [],
    components: [],
    faults: [],
  },
});

const error = new Error('connection lost');
const work = [{ name: 'GET /orders/:id', ageMs: 12 }];

const EVENTS: readonly (readonly [level: string, event: DrainEvent])[] = [
  ['info', { type: 'trigger', trigger: signalTrigger('SIGTERM', 15, true) }],
  ['info', { type: 'phase', phase: 'announcing', previous: 'serving', inFlight: 2, elapsedMs: 0 }],
  ['info', { type: 'readiness', ready: false, reason: 'cache is cold' }],
  ['info', { type: 'readiness', ready: true, reason: undefined }],
  [
    'warn',
    { type: 'check', check: { name: 'db', affects: 'ready', status: 'fail', ms: 800.2, at: new Date(0), error } },
  ],
  ['info', { type: 'check', check: { name: 'db', affects: 'ready', status: 'pass', ms: 3.4, at: new Date(0) } }],
  ['warn', { type: 'warning', warning: drainWarning('node-env') }],
  ['warn', { type: 'deadline', work }],
  ['warn', { type: 'destroyed', work }],
  ['info', { type: 'resource', resource: { name: 'db', outcome: 'closed', ms: 3.4 } }],
  ['error', { type: 'resource', resource: { name: 'db', outcome: 'failed', ms: 3.4, error } }],
  ['error', { type: 'resource', resource: { name: 'db', outcome: 'hung', ms: 5_000, error } }],
  ['error', { type: 'resource', resource: { name: 'db', outcome: 'skipped', ms: 0 } }],
  ['info', { type: 'resource', resource: { name: 'db', outcome: 'left', ms: 0 } }],
  ['info', { type: 'component', component: { name: 'db', step: 'start', outcome: 'done', ms: 3.4 } }],
  ['error', { type: 'component', component: { name: 'db', step: 'start', outcome: 'failed', ms: 3.4, error } }],
  ['info', { type: 'component', component: { name: 'db', step: 'quiesce', outcome: 'done', ms: 3.4 } }],
  ['error', { type: 'component', component: { name: 'db', step: 'rollback', outcome: 'failed', ms: 3.4, error } }],
  ['error', { type: 'component', component: { name: 'db', step: 'failure', outcome: 'failed', ms: 0, error } }],
  ['info', { type: 'component', component: { name: 'db', step: 'recovery', outcome: 'done', ms: 3_000 } }],
  ['info', { type: 'part', name: 'postgres', report: report('clean', 0).report }],
  ['error', { type: 'part', name: 'postgres', report: report('failed', 1).report }],
  ['error', { type: 'fault', fault: { kind: 'uncaughtException', error } }],
  ['warn', { type: 'lingering', handles: ['Timeout'] }],
  ['info', report('clean', 0)],
  ['error', report('timed-out', 1)],
  ['error', report('failed', 1)],
  ['error', report('forced', 143)],
];

test.each(EVENTS)('%s: %j is one line that names its event', (level, event) => {
  const line = log(event);
  expect(line.level).toBe(level);
  expect(line.fields['drain']).toBe(event.type);
  expect(line.message).toMatch(/^drain: \S/);
  expect(line.message).not.toContain('undefined');
});

describe('fields', () => {
  test('announcing says the window, draining the deadline, the others neither', () => {
    const phase = (name: 'announcing' | 'draining' | 'closing') =>
      log({ type: 'phase', phase: name, previous: 'serving', inFlight: 2, elapsedMs: 10.6 }).fields;
    expect(phase('announcing')).toEqual({
      drain: 'phase',
      phase: 'announcing',
      previous: 'serving',
      inFlight: 2,
      elapsedMs: 11,
      windowMs: PLAN.window,
    });
    expect(phase('draining')).toMatchObject({ deadlineMs: PLAN.deadline });
    expect(phase('draining')).not.toHaveProperty('windowMs');
    expect(phase('closing')).not.toHaveProperty('windowMs');
    expect(phase('closing')).not.toHaveProperty('deadlineMs');
  });

  test('an error is `err`, as pino’s serializer knows it', () => {
    expect(log({ type: 'fault', fault: { kind: 'uncaughtException', error } }).fields['err']).toBe(error);
    const resource = { name: 'db', outcome: 'failed', ms: 1, error } as const;
    expect(log({ type: 'resource', resource }).fields['err']).toBe(error);
  });

  test('times are whole milliseconds', () => {
    expect(log({ type: 'resource', resource: { name: 'db', outcome: 'closed', ms: 3.4 } }).fields['ms']).toBe(3);
  });

  test('the whole report is in its line', () => {
    const event = report('clean', 0);
    expect(log(event).fields).toEqual({ ...event, drain: 'report', type: undefined });
    expect(log(event).message).toBe('drain: clean in 1.5 s, exit code 0');
  });

  test('what keeps the process alive is named, also where it has no name', () => {
    expect(log({ type: 'lingering', handles: ['Timeout', 'TCPSocketWrap'] }).message).toContain(
      'Timeout, TCPSocketWrap',
    );
    expect(log({ type: 'lingering', handles: [] }).message).toContain('something without a name');
  });
});
