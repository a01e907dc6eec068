import { describe, expect, test } from 'vitest';
import { resolvePlan, type DrainPlan } from '../../src/plan/drain-plan.ts';
import { healthAnswer, healthRoute } from '../../src/health/health.ts';
import { PHASES, type Phase } from '../../src/phase.ts';

const plan = (options: Parameters<typeof resolvePlan>[0] = {}): DrainPlan => resolvePlan(options, {});
const READINESS = ['at-signal', 'after-window', 'never'] as const;

/** The phases in which a ready app says that it is draining. */
const DRAINING_IN: Record<(typeof READINESS)[number], readonly Phase[]> = {
  'at-signal': ['announcing', 'draining', 'closing', 'closed'],
  'after-window': ['draining', 'closing', 'closed'],
  never: [],
};

/** Every combination of what health depends on. */
const MATRIX = READINESS.flatMap((readiness) =>
  PHASES.flatMap((phase) =>
    [true, false].flatMap((ready) => [true, false].map((started) => ({ readiness, phase, ready, started }))),
  ),
);

test.each(MATRIX)('readiness $readiness in $phase, ready $ready, started $started', (state) => {
  const { readiness, phase, ready, started } = state;
  const of = (route: 'ready' | 'live' | 'startup') => {
    const { statusCode, body } = healthAnswer(route, plan({ readiness }), state);
    const { status, output } = JSON.parse(body) as { status: string; output?: string };
    return `${statusCode} ${output ?? status}`;
  };
  expect(of('live')).toBe('200 pass');
  expect(of('startup')).toBe(started ? '200 pass' : '503 starting');
  const draining = DRAINING_IN[readiness].includes(phase);
  const expected = !started ? '503 starting' : !ready ? '503 unready' : draining ? '503 draining' : '200 pass';
  expect(of('ready')).toBe(expected);
});

test('a body is JSON with the status and nothing else', () => {
  const state = { phase: 'draining', ready: true, started: true } as const;
  expect(healthAnswer('ready', plan(), state).body).toBe('{"status":"fail","output":"draining"}');
});

describe('healthRoute', () => {
  test('a path names its route', () => {
    const paths = ['/ready', '/healthz', '/startup'];
    expect(paths.map((path) => healthRoute(plan(), '', path))).toEqual(['ready', 'live', 'startup']);
  });

  test.each(['/', '', '/ready/', '/Ready', '/ready?x', '/readyz', '//ready', '/x/ready', 'false', 'undefined'])(
    '%j is no health route: paths are exact',
    (path) => {
      expect(healthRoute(plan(), '', path)).toBeUndefined();
    },
  );

  test('a path that was moved is the route, and the default one is free', () => {
    const moved = plan({ health: { ready: '/up' } });
    expect(healthRoute(moved, '', '/up')).toBe('ready');
    expect(healthRoute(moved, '', '/ready')).toBeUndefined();
    expect(healthRoute(moved, '', '/healthz')).toBe('live');
  });

  test('what is false is no route', () => {
    const none = plan({ health: false });
    for (const path of ['/ready', '/healthz', '/startup', 'false']) expect(healthRoute(none, '', path)).toBeUndefined();
  });

  test('under a prefix, only paths that begin with it are health routes', () => {
    expect(healthRoute(plan(), '/api', '/api/ready')).toBe('ready');
    for (const path of ['/ready', '/api', '/api/', '/apiready', '/api/api/ready', '/other/ready']) {
      expect([path, healthRoute(plan(), '/api', path)]).toEqual([path, undefined]);
    }
  });
});
