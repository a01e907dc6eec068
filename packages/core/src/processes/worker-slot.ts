import type { Cancel, Clock } from '../host.ts';
import { Backoff } from '../work/backoff.ts';
import type { PrimaryEvent } from './primary-event.ts';
import type { PrimaryPlan } from './primary-options.ts';
import type { WorkerProcess } from './worker-process.ts';

/** How long a worker has to have run, in milliseconds, for its death to count as the first. */
const STEADY_AFTER = 10_000;

/** What a slot needs of its primary. */
export interface SlotOwner {
  readonly plan: PrimaryPlan;
  readonly clock: Clock;
  /** Whether workers that die are replaced: no drain has begun. */
  readonly replaces: boolean;
  /** How long a worker may take to drain, in milliseconds. */
  readonly grace: number;
  /** Starts a worker process. */
  fork(index: number): WorkerProcess;
  emit(event: PrimaryEvent): void;
}

/**
 * One place among the workers: there is one in it at a time, but for a reload, when the next is ready before the last leaves.
 * While it is empty, and no drain has begun, another is tried after a while.
 */
export class WorkerSlot {
  readonly index: number;
  readonly #owner: SlotOwner;
  readonly #backoff: Backoff;
  /** How many workers in a row have died before they had run for a while. */
  #failures = 0;
  #current: WorkerProcess | undefined;
  /** The one that is starting. There is one at a time, for whichever reason, so that none is forgotten. */
  #next: WorkerProcess | undefined;
  #cancelRestart: Cancel = () => {};

  constructor(index: number, owner: SlotOwner) {
    this.index = index;
    this.#owner = owner;
    this.#backoff = new Backoff({ first: owner.plan.backoff, jitter: false });
  }

  /** Fills it, where it is empty. Rejects where the worker does not become ready; another is tried later. */
  async start(): Promise<void> {
    if (this.#current === undefined) await (this.#next?.ready ?? this.#launch());
  }

  /** Replaces its worker by a new one as soon as that is ready. Rejects where it does not become ready; the old one stays. */
  async replace(): Promise<void> {
    // What is starting already may have been forked from an older file.
    await this.#next?.ready.catch(() => {});
    const last = this.#current;
    await this.#launch();
    last?.leave('leave');
    await last?.goneWithin(this.#owner.grace);
  }

  /** Starts no more workers. */
  stop(): void {
    this.#cancelRestart();
  }

  async #launch(): Promise<void> {
    this.#cancelRestart();
    let worker: WorkerProcess | undefined;
    try {
      worker = this.#owner.fork(this.index);
      this.#next = worker;
      await worker.ready;
    } catch (error) {
      this.#next = undefined;
      this.#refill(worker?.name ?? `worker ${this.index}`, 0);
      throw error;
    }
    this.#next = undefined;
    this.#current = worker;
    void worker.gone.then(() => this.#onGone(worker));
    this.#owner.emit({ type: 'ready', worker: worker.name });
  }

  #onGone(worker: WorkerProcess): void {
    if (this.#current !== worker) return;
    this.#current = undefined;
    this.#refill(worker.name, this.#owner.clock.now() - worker.startedAt);
  }

  /** Sees to another worker after one is lost, unless there is one, or will be. */
  #refill(lost: string, ranFor: number): void {
    if (!this.#owner.replaces || this.#current !== undefined || this.#next !== undefined) return;
    this.#failures = ranFor < STEADY_AFTER ? this.#failures + 1 : 1;
    const delayMs = this.#backoff.wait(this.#failures);
    this.#owner.emit({ type: 'restart', worker: lost, delayMs });
    // Where it fails, it is refilled again.
    this.#cancelRestart = this.#owner.clock.setTimeout(() => void this.start().catch(() => {}), delayMs);
  }
}
