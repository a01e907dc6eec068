import { deferred, type Deferred } from '../deferred.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { DrainError } from '../drain-error.ts';
import type { Clock } from '../host.ts';
import type { QuietPeriod } from './quiet-period.ts';

/** One unit of work. Leave it once, by `leave()` or by the end of a `using` block. */
export interface Work extends Disposable {
  readonly name: string;
  /** Says that the work is over. Calling it again does nothing. */
  leave(): void;
}

/** Work that is not HTTP: jobs, messages, files. Tells the moment nothing is in flight any more; polls nothing. */
export class WorkTracker implements Drainable {
  readonly name = 'work';
  refused = 0;
  readonly #clock: Clock;
  readonly #began = new Map<Work, number>();
  readonly #quietPeriod: Pick<QuietPeriod, 'isOpen' | 'note'> | undefined;
  #refusing = false;
  #aborted = false;
  #idle: Deferred<void> | undefined;

  /** @param quietPeriod - while it is open, work is taken on although the drain takes on nothing else. */
  constructor(clock: Clock, quietPeriod?: Pick<QuietPeriod, 'isOpen' | 'note'>) {
    this.#clock = clock;
    this.#quietPeriod = quietPeriod;
  }

  get inFlight(): number {
    return this.#began.size;
  }

  /** @throws DrainError `DRAIN_WORK_REFUSED` once the drain takes on no more. */
  enter(name: string): Work {
    if (this.#refusing && (this.#aborted || this.#quietPeriod?.isOpen !== true)) {
      this.refused += 1;
      throw new DrainError('DRAIN_WORK_REFUSED', `work '${name}' was started after the drain had stopped taking any`);
    }
    const leave = (): void => this.#leave(work);
    const work: Work = { name, leave, [Symbol.dispose]: leave };
    this.#began.set(work, this.#clock.now());
    this.#quietPeriod?.note();
    return work;
  }

  /** Counts work until it settles, and settles with it. Rejects with a DrainError `DRAIN_WORK_REFUSED` where `enter` throws. */
  async track<Value>(work: PromiseLike<Value> | (() => PromiseLike<Value> | Value), name: string): Promise<Value> {
    const entered = this.#enterWith(work, name);
    try {
      return await (typeof work === 'function' ? work() : work);
    } finally {
      entered.leave();
    }
  }

  work(): WorkItem[] {
    const now = this.#clock.now();
    return Array.from(this.#began, ([{ name }, began]) => ({ name, ageMs: now - began }));
  }

  announce(): void {}

  refuse(): void {
    this.#refusing = true;
  }

  drained(): Promise<void> {
    if (this.#began.size === 0) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }

  force(): void {}

  /** Work cannot be destroyed from outside: it is named in the report, and no longer waited for. */
  abort(): void {
    this.#refusing = true;
    this.#aborted = true;
    this.#began.clear();
    this.#idle?.resolve();
  }

  /** Work that has begun already, and is refused, must not end as an unhandled rejection: whoever began it is told. */
  #enterWith(work: unknown, name: string): Work {
    try {
      return this.enter(name);
    } catch (error) {
      if (typeof work !== 'function') Promise.resolve(work).catch(() => {});
      throw error;
    }
  }

  #leave(work: Work): void {
    if (!this.#began.delete(work)) return;
    this.#quietPeriod?.note();
    if (this.#began.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }
}
