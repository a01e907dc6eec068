import { readDuration, readFactor } from '../plan/argument.ts';
import type { Duration } from '../plan/duration.ts';

/** How long to wait after failures in a row: longer after each, up to a bound. */
export interface BackoffOptions {
  /** The wait after the first failure. Milliseconds or `'100ms'`. @default '100ms' */
  readonly first?: Duration;
  /** The longest wait. Milliseconds or `'30s'`. @default '30s' */
  readonly max?: Duration;
  /** How much longer each wait is than the one before, from 1. @default 2 */
  readonly factor?: number;
  /** Whether each wait is a random share of what it would be, so that many who failed together do not come back together. @default true */
  readonly jitter?: boolean;
}

/** Makes waits of failures. Nothing in it is random but the jitter. */
export class Backoff {
  readonly #first: number;
  readonly #max: number;
  readonly #factor: number;
  readonly #jitter: boolean;

  /** @throws DrainError `DRAIN_ARGUMENT_INVALID` */
  constructor({ first = 100, max = 30_000, factor = 2, jitter = true }: BackoffOptions = {}) {
    this.#first = readDuration('first', first);
    this.#max = readDuration('max', max);
    this.#factor = readFactor('factor', factor);
    this.#jitter = jitter;
  }

  /** The wait in milliseconds after so many failures in a row, from 1. */
  wait(failures: number): number {
    // Nothing times what has grown beyond all bounds is no number.
    const longest = this.#first === 0 ? 0 : Math.min(this.#max, this.#first * this.#factor ** (failures - 1));
    // At least half of it: a wait of nothing is none.
    return this.#jitter ? longest * (0.5 + Math.random() / 2) : longest;
  }
}
