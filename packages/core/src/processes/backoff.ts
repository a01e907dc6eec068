/** The longest delay, in milliseconds. */
const LONGEST = 30_000;

/** How long something has to have run, in milliseconds, for its next failure to count as the first. */
const STEADY_AFTER = 10_000;

/** How long to wait before something that fails is started again: twice as long each time, until it has run for a while. */
export class Backoff {
  readonly #first: number;
  #failures = 0;

  /** @param first - the first delay, in milliseconds. */
  constructor(first: number) {
    this.#first = first;
  }

  /** @param ranFor - how long it ran before it failed, in milliseconds. @returns the delay, in milliseconds. */
  next(ranFor: number): number {
    if (ranFor >= STEADY_AFTER) this.#failures = 0;
    const delay = Math.min(LONGEST, this.#first * 2 ** this.#failures);
    this.#failures += 1;
    return delay;
  }
}
