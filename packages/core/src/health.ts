import type { DrainPlan } from './drain-plan.ts';
import { hasReached, type Phase } from './phase.ts';

/** What a health route answers. */
export interface HealthAnswer {
  readonly statusCode: 200 | 503;
  /** JSON: `{"status":"ok"}`, `draining`, `unready` or `starting`. */
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

/** The answer of a health route. Liveness is 200 in every phase: a draining process must not be restarted. */
export function healthAnswer(route: HealthRoute, plan: DrainPlan, state: HealthState): HealthAnswer {
  if (route === 'live') return OK;
  if (!state.started) return STARTING;
  if (route === 'startup') return OK;
  if (!state.ready) return UNREADY;
  return isOutOfRotation(plan, state.phase) ? DRAINING : OK;
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

const answer = (statusCode: 200 | 503, status: string): HealthAnswer => ({
  statusCode,
  body: JSON.stringify({ status }),
});

const OK = answer(200, 'ok');
const STARTING = answer(503, 'starting');
const UNREADY = answer(503, 'unready');
const DRAINING = answer(503, 'draining');
