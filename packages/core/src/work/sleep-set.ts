import { readDuration } from '../plan/argument.ts';
import type { Duration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';

/** Sleeps that all end when a signal aborts. However many there are, they are one listener of it. */
export class SleepSet {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #wakers = new Set<() => void>();

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      for (const wake of [...this.#wakers]) wake();
    });
  }

  /** Whether the signal has aborted: nothing sleeps any more. */
  get isOver(): boolean {
    return this.#signal.aborted;
  }

  /**
   * @param also - another signal that ends it.
   * @returns whether it slept to the end.
   * @throws DrainError (as a rejection) `DRAIN_ARGUMENT_INVALID`
   */
  async sleep(duration: Duration, also?: AbortSignal): Promise<boolean> {
    const ms = readDuration('the duration of a sleep', duration);
    if (this.isOver || also?.aborted === true) return false;
    return new Promise((resolve) => {
      const end = (isWhole: boolean): void => {
        cancel();
        this.#wakers.delete(wake);
        also?.removeEventListener('abort', wake);
        resolve(isWhole);
      };
      const wake = (): void => end(false);
      const cancel = this.#clock.setTimeout(() => end(true), ms);
      this.#wakers.add(wake);
      also?.addEventListener('abort', wake);
    });
  }
}
