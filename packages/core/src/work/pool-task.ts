import { LazySignals, type WorkSignals } from './work-signals.ts';

/** What a pool runs. Its signals say when a drain begins, and when its deadline passes. */
export type Task<Value> = (signals: WorkSignals) => PromiseLike<Value> | Value;

/** One task of a pool, and the promise that its submitter holds. */
export class PoolTask {
  readonly name: string;
  readonly signals: LazySignals = new LazySignals();
  readonly promise: Promise<unknown>;
  /** When it was submitted; then, when it began. */
  since: number;
  readonly #task: Task<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(name: string, task: Task<unknown>, now: number) {
    this.name = name;
    this.since = now;
    this.#task = task;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Never rejects. @returns what it failed with, if it did. */
  async run(now: number): Promise<{ readonly error: unknown } | undefined> {
    this.since = now;
    try {
      this.#resolve(await this.#task(this.signals));
      return undefined;
    } catch (error) {
      this.#reject(error);
      return { error };
    }
  }

  reject(error: unknown): void {
    this.#reject(error);
  }
}
