import type { DrainPlan } from '../plan/drain-plan.ts';
import type { CheckResult } from './health-check.ts';
import { hasReached, type Phase } from '../phase.ts';

/** The media type of health answers: the Health Check Response Format for HTTP APIs (draft-inadarei-api-health-check-06). */
export const HEALTH_TYPE = 'application/health+json';

/** What a health route answers. */
export interface HealthAnswer {
  readonly statusCode: 200 | 503;
  /**
   * JSON in the Health Check Response Format: `{"status":"pass"}`, `warn` or `fail`; where it is not `pass`, `output` says
   * why. With `health.details`, `checks` says what came of each check.
   */
  readonly body: string;
}

/** What health depends on. */
export interface HealthState {
  readonly phase: Phase;
  /** Whether the app itself wants traffic: `ready()` and `unready()`. */
  readonly ready: boolean;
  /** Whether it has been ready at least once. */
  readonly started: boolean;
}

export type HealthRoute = 'ready' | 'live' | 'startup';

/**
 * The health route that a path of the app's servers names, if any: none where the routes have a port of their own. The path
 * is exact, has no query, and stands under `prefix`.
 */
export function healthRoute(plan: DrainPlan, prefix: string, path: string): HealthRoute | undefined {
  if (plan.healthPort !== false || !path.startsWith(prefix)) return undefined;
  return ownHealthRoute(plan, path.slice(prefix.length));
}

/** The health route that a path names where nothing stands before it. */
export function ownHealthRoute(plan: DrainPlan, path: string): HealthRoute | undefined {
  if (path === plan.readyPath) return 'ready';
  if (path === plan.livePath) return 'live';
  if (path === plan.startupPath) return 'startup';
  return undefined;
}

/**
 * The answer of a health route, as far as it does not depend on checks. Liveness is 200 in every phase: a draining process
 * must not be restarted.
 */
export function healthAnswer(route: HealthRoute, plan: DrainPlan, state: HealthState): HealthAnswer {
  if (route === 'live') return PASS;
  if (!state.started) return STARTING;
  if (route === 'startup') return PASS;
  if (!state.ready) return UNREADY;
  return isOutOfRotation(plan, state.phase) ? DRAINING : PASS;
}

/** The answer of a health route that is 200 but for its checks. */
export function checkedAnswer(results: readonly CheckResult[], showsDetails: boolean): HealthAnswer {
  const failed = results.filter(({ status }) => status === 'fail');
  const isFailing = failed.some(({ affects }) => affects !== 'none');
  const output = failed.some(({ affects }) => affects === 'startup') ? 'starting' : 'a check failed';
  const status = isFailing ? 'fail' : failed.length > 0 ? 'warn' : 'pass';
  const body = {
    status,
    ...(status === 'pass' ? {} : { output }),
    ...(showsDetails ? { checks: Object.fromEntries(results.map(details)) } : {}),
  };
  return { statusCode: isFailing ? 503 : 200, body: JSON.stringify(body) };
}

/** What is shown of a check. What it threw may hold anything, so only its code is. */
function details({ name, affects, status, ms, at, error }: CheckResult): [string, object[]] {
  const isPassing = status === 'pass';
  const detail = {
    status: isPassing || affects !== 'none' ? status : 'warn',
    observedValue: Math.round(ms),
    observedUnit: 'ms',
    time: at.toISOString(),
    ...(isPassing ? {} : { output: codeOf(error) }),
  };
  return [`${name}:responseTime`, [detail]];
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : 'failed';
}

function isOutOfRotation({ readiness }: DrainPlan, phase: Phase): boolean {
  switch (readiness) {
    case 'at-signal':
      return hasReached(phase, 'announcing');
    case 'after-window':
      return hasReached(phase, 'draining');
    case 'never':
      return false;
  }
}

const failing = (output: string): HealthAnswer => ({
  statusCode: 503,
  body: JSON.stringify({ status: 'fail', output }),
});

const PASS: HealthAnswer = { statusCode: 200, body: JSON.stringify({ status: 'pass' }) };
const STARTING = failing('starting');
const UNREADY = failing('unready');
const DRAINING = failing('draining');
