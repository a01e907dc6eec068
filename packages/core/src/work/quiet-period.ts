import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Drainable } from '../drainable.ts';
import type { Clock } from '../host.ts';

/**
 * Says when nothing is in flight any more, and nothing has been for a while: work that work leaves behind (a job that
 * enqueues another) is taken on until then. As Armeria has it, the quiet period is over when that long has passed since the
 * drain began, and since any work began or ended. The deadline is its end in any case.
 */
export class QuietPeriod {
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  #beganAt: number | undefined;
  #lastWorkAt = -Infinity;
  #isOver: boolean;

  constructor(plan: DrainPlan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
    this.#isOver = plan.quietPeriod === 0;
  }

  /** Whether work is taken on although the drain takes on nothing else. It opens when the drain begins. */
  get isOpen(): boolean {
    return this.#beganAt !== undefined && !this.#isOver;
  }

  /** The drain has begun. */
  begin(): void {
    this.#beganAt = this.#clock.now();
  }

  /** Work has begun, or ended. */
  note(): void {
    this.#lastWorkAt = this.#clock.now();
  }

  /** Resolves when nothing is in flight and the quiet period is over; where there is none, as soon as nothing is. */
  async drained(drainables: Drainable): Promise<void> {
    const until = this.#clock.now() + this.#plan.deadline;
    for (;;) {
      const isBusy = drainables.inFlight > 0;
      await drainables.drained();
      if (this.#isOver) return;
      const now = this.#clock.now();
      if (isBusy) this.#lastWorkAt = now;
      // With nothing in flight, the deadline has nothing to force: this ends just before it.
      const quietAt = Math.min(Math.max(this.#beganAt ?? now, this.#lastWorkAt) + this.#plan.quietPeriod, until - 1);
      const isQuiet = quietAt <= now && drainables.inFlight === 0;
      if (isQuiet || now >= until) this.#isOver = true;
      else await this.#sleep(Math.max(1, quietAt - now));
    }
  }

  /** The deadline keeps the process alive meanwhile. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms, { ref: false }));
  }
}
