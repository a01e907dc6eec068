import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Clock } from '../host.ts';

/**
 * Decides whose turn it is to be told to leave, by `Connection: close` or GOAWAY. With the ramp, a response in the window
 * says it with a probability of elapsed / window, as Envoy does it, so that clients do not all come back at once; from the end
 * of the window on it is certain.
 */
export class Farewell {
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  #beganAt = 0;
  #isCertain: boolean;

  constructor(plan: DrainPlan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
    this.#isCertain = plan.connectionClose === 'at-once';
  }

  /** The window has begun. */
  begin(): void {
    this.#beganAt = this.#clock.now();
  }

  /** The window is over. */
  makeCertain(): void {
    this.#isCertain = true;
  }

  /** Whether this one is to be told now. */
  isDue(): boolean {
    return this.#isCertain || Math.random() < (this.#clock.now() - this.#beganAt) / this.#plan.window;
  }
}
