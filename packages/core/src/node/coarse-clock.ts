import type { Clock } from '../host.ts';

/** For how long, in milliseconds, a look at the time holds. */
const RESOLUTION = 50;

/**
 * Tells the time to whoever asks thousands of times a second and does not mind that it is up to 50 ms old. To look at the
 * time is the greater part of what it costs to note when a request came. Without anybody who asks it does nothing.
 */
export class CoarseClock {
  readonly #clock: Clock;
  #now = 0;
  #holds = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    if (!this.#holds) this.#look();
    return this.#now;
  }

  #look(): void {
    this.#now = this.#clock.now();
    this.#holds = true;
    this.#clock.setTimeout(() => (this.#holds = false), RESOLUTION, { ref: false });
  }
}
