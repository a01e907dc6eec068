import type { Drain } from '../src/drain.ts';
import type { HealthRoute } from '../src/health/health.ts';

/** The status of a health route of a drain without checks, which is there at once. */
export function statusOf(drain: Drain, route: HealthRoute): number {
  const answer = drain.health(route);
  if (answer instanceof Promise) throw new Error('without checks an answer is there at once');
  return answer.statusCode;
}
