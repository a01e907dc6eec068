import type { DrainPlan } from '../plan/drain-plan.ts';
import type { CheckResult } from './health-check.ts';
import type { HealthCheckSet } from './health-check-set.ts';
import { checkedAnswer, healthAnswer, type HealthAnswer, type HealthRoute } from './health.ts';
import type { Phase } from '../phase.ts';
import type { Readiness } from './readiness.ts';

/** What health answers come from, put together: the phase, what the app says of itself, and its checks. */
export class HealthMonitor {
  readonly #plan: DrainPlan;
  readonly #phase: () => Phase;
  readonly #readiness: Readiness;
  readonly #checks: HealthCheckSet;

  constructor(plan: DrainPlan, phase: () => Phase, readiness: Readiness, checks: HealthCheckSet) {
    this.#plan = plan;
    this.#phase = phase;
    this.#readiness = readiness;
    this.#checks = checks;
  }

  /**
   * Runs checks only where they can make a difference: not once a drain has begun, for what decides then is the phase, and
   * resources that are closed on purpose would fail them.
   */
  answer(route: HealthRoute): HealthAnswer | Promise<HealthAnswer> {
    const answer = this.#unchecked(route);
    if (!this.#depends(answer)) return answer;
    const results = this.#checks.results(route);
    if (results === undefined) return answer;
    return results instanceof Promise ? this.#whenChecked(route, results) : this.#checked(results);
  }

  /** The drain may have begun while the checks ran, or the app have become unready. */
  async #whenChecked(route: HealthRoute, results: Promise<readonly CheckResult[]>): Promise<HealthAnswer> {
    const settled = await results;
    const answer = this.#unchecked(route);
    return this.#depends(answer) ? this.#checked(settled) : answer;
  }

  #depends({ statusCode }: HealthAnswer): boolean {
    return statusCode === 200 && this.#phase() === 'serving';
  }

  #unchecked(route: HealthRoute): HealthAnswer {
    const { ready, started } = this.#readiness;
    return healthAnswer(route, this.#plan, { phase: this.#phase(), ready, started });
  }

  #checked(results: readonly CheckResult[]): HealthAnswer {
    return checkedAnswer(results, this.#plan.healthDetails);
  }
}
