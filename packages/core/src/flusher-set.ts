import { deferred } from './deferred.ts';
import { DrainError } from './drain-error.ts';
import { DURATION_FORM, parseDuration, type Duration } from './plan/duration.ts';
import type { Clock } from './host.ts';
import type { ResourceReport } from './resources/resource-stack.ts';

interface Flusher {
  readonly name: string;
  readonly flush: () => unknown;
  readonly timeout: number;
}

/**
 * What is flushed when the drain is over and its report is made: what tells of the drain itself. All at once, each within its
 * own time; one that fails or hangs is reported, and holds nobody up for longer.
 */
export class FlusherSet {
  readonly #flushers: Flusher[] = [];

  /** @throws DrainError `DRAIN_RESOURCE_INVALID` for a timeout that is none. */
  add(name: string, flush: () => unknown, said: Duration): void {
    const timeout = parseDuration(said);
    if (timeout === undefined) {
      const detail = `the timeout of flusher '${name}' is ${String(said)}; allowed: ${DURATION_FORM}`;
      throw new DrainError('DRAIN_RESOURCE_INVALID', detail);
    }
    this.#flushers.push({ name, flush, timeout });
  }

  /** The longest that it may take, in milliseconds. */
  get longestMs(): number {
    return Math.max(0, ...this.#flushers.map(({ timeout }) => timeout));
  }

  /**
   * Calls `onFlushed` once, when all is flushed or given up; at once where there is nothing to flush.
   *
   * @param leftMs - the time that is left for it.
   */
  run(clock: Clock, leftMs: number, onReport: (report: ResourceReport) => void, onFlushed: () => void): void {
    if (this.#flushers.length === 0) return onFlushed();
    const all = this.#flushers.map((flusher) => flushOne(flusher, clock, leftMs).then(onReport));
    void Promise.allSettled(all).then(onFlushed);
  }
}

function flushOne({ name, flush, timeout }: Flusher, clock: Clock, leftMs: number): Promise<ResourceReport> {
  const began = clock.now();
  const { promise, resolve } = deferred<ResourceReport>();
  const settle = (outcome: ResourceReport['outcome'], error?: unknown): void => {
    cancel();
    const ms = clock.now() - began;
    resolve(error === undefined ? { name, outcome, ms } : { name, outcome, ms, error });
  };
  const giveUp = (): void => {
    settle('hung', new DrainError('DRAIN_RESOURCE_HUNG', `flusher '${name}' did not end within ${timeout} ms`));
  };
  const cancel = clock.setTimeout(giveUp, Math.max(0, Math.min(timeout, leftMs)));
  new Promise((done) => done(flush())).then(
    () => settle('closed'),
    (error: unknown) => settle('failed', error),
  );
  return promise;
}
