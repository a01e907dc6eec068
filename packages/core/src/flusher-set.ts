import { DrainError } from './drain-error.ts';
import { DURATION_FORM, parseDuration, type Duration } from './plan/duration.ts';
import type { Clock } from './host.ts';
import { ResourceStack, type ResourceReport } from './resources/resource-stack.ts';

/**
 * What is flushed when the drain is over and its report is made: what tells of the drain itself. All at once, each within its
 * own time; one that fails or hangs is reported, and holds nobody up for longer.
 */
export class FlusherSet {
  /** The longest that flushing may take, in milliseconds. */
  longestMs = 0;
  readonly #clock: Clock;
  readonly #stack: ResourceStack;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#stack = new ResourceStack(clock, 0);
  }

  /** @throws DrainError `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE` */
  add(name: string, flush: () => unknown, said: Duration): void {
    const timeout = parseDuration(said);
    if (timeout === undefined) {
      const detail = `the timeout of flusher '${name}' is ${String(said)}; allowed: ${DURATION_FORM}`;
      throw new DrainError('DRAIN_RESOURCE_INVALID', detail);
    }
    this.#stack.register(name, flush, { timeout, group: this });
    this.longestMs = Math.max(this.longestMs, timeout);
  }

  /**
   * Calls `onFlushed` once, when all is flushed or given up.
   *
   * @param leftMs - the time that is left for it.
   */
  run(leftMs: number, onReport: (report: ResourceReport) => void, onFlushed: () => void): void {
    void this.#stack.close(this.#clock.now() + leftMs, onReport).then(onFlushed);
  }
}
