import type { Cancel, Clock } from '@drainkit/core';
import { nextTurn } from './real-time.ts';

interface Timer {
  readonly at: number;
  readonly ref: boolean;
  readonly callback: () => void;
}

/** The wall-clock time at which every fake clock starts. */
const EPOCH = Date.UTC(2026, 0, 1);

/** What Node can wait for; it turns anything longer into 1 ms. */
const LONGEST = 2 ** 31 - 1;

/** As many timers without time going by are a loop. */
const MOST_AT_ONCE = 10_000;

/**
 * A clock that stands still until a test moves it.
 * It starts at 0 ms, which is 2026-01-01T00:00:00Z.
 */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;
  #advancing: Promise<void> = Promise.resolve();

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(EPOCH + this.#now);
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** How many of them would keep a process alive: those not armed with `ref: false`. */
  get pendingRef(): number {
    return [...this.#timers].filter((timer) => timer.ref).length;
  }

  /**
   * Arms a timer. One of 0 ms is due at the next {@link advance}, even one of 0 ms.
   *
   * @throws {RangeError} for a delay that is not a number or longer than 2^31 - 1 ms: Node would fire it after 1 ms.
   */
  setTimeout(callback: () => void, ms: number, options: { readonly ref?: boolean } = {}): Cancel {
    if (Number.isNaN(ms) || ms > LONGEST) {
      throw new RangeError(
        `a timer of ${ms} ms: Node would fire it after 1 ms; the longest it can wait is ${LONGEST} ms`,
      );
    }
    const timer: Timer = { at: this.#now + Math.max(0, ms), ref: options.ref ?? true, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /**
   * Moves the clock by `ms` milliseconds, firing what falls due in order of time, each timer at its own time.
   * Promise chains settle and sockets get a turn before the first timer and after each; timers armed meanwhile fire
   * too, if they fall due. `advance(0)` only lets things settle. A call while another one runs starts after it.
   *
   * Rejects with what a callback throws; the clock then stands at that timer's time, and later timers stay armed.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) return Promise.reject(new RangeError(`a clock cannot advance by ${ms} ms`));
    const done = this.#advancing.then(() => this.#advanceTo(this.#now + ms));
    this.#advancing = done.catch(() => {});
    return done;
  }

  async #advanceTo(end: number): Promise<void> {
    await settle();
    let atOnce = 0;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      atOnce = timer.at > this.#now ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) {
        throw new Error(
          `${MOST_AT_ONCE} timers fired at ${this.#now} ms without time going by: a timer that rearms itself?`,
        );
      }
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** The first timer due by `end`; of those due at once, the one armed first. */
  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}

/** Two turns: the second is for what the sockets' part of the first set off. */
async function settle(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
