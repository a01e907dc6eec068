import type { DrainPlan } from './plan/drain-plan.ts';
import type { Cancel, Clock } from './host.ts';

/** For how long, in milliseconds, somebody who has asked for readiness counts as somebody who probes. */
const PROBE_MEMORY = 60_000;

/**
 * Tells when the load balancers have noticed a drain: at least `windowMin` has passed, no request but probes has come for
 * `windowQuiet`, and whoever probes has been told 503 `windowProbeFailures` times. It polls nothing: it looks again when the
 * earliest of these can be true.
 */
export class QuietWatch {
  /** How many probes have been told 503 since the drain began. */
  probeFailures = 0;
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  #lastProbeAt = -Infinity;
  #isProbed = false;
  #check: (() => void) | undefined;
  #cancel: Cancel = () => {};

  constructor(plan: DrainPlan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
  }

  /** Somebody has asked for readiness. @param failed - whether the answer was 503. */
  onProbe(failed: boolean): void {
    this.#lastProbeAt = this.#clock.now();
    if (this.#check === undefined || !failed) return;
    this.probeFailures += 1;
    this.#check();
  }

  /** Calls `onQuiet` once. @param lastRequestAt - when the last request that was no probe came. */
  start(lastRequestAt: () => number, onQuiet: () => void): void {
    const { windowMin, windowQuiet, windowProbeFailures, readiness } = this.#plan;
    const beganAt = this.#clock.now();
    // Probes that go on being told 200 say nothing.
    this.#isProbed = readiness === 'at-signal' && beganAt - this.#lastProbeAt <= PROBE_MEMORY;
    this.#check = () => {
      this.#cancel();
      const now = this.#clock.now();
      const quietAt = Math.max(beganAt + windowMin, Math.max(beganAt, lastRequestAt()) + windowQuiet);
      if (quietAt > now) this.#cancel = this.#clock.setTimeout(() => this.#check?.(), quietAt - now);
      else if (!this.#isProbed || this.probeFailures >= windowProbeFailures) {
        this.stop();
        onQuiet();
      }
    };
    this.#check();
  }

  stop(): void {
    this.#cancel();
    this.#check = undefined;
  }
}
