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

/** One place among the workers: there is one in it at a time, but for a reload, when the next is ready before the last leaves. */
export class WorkerSlot {
  readonly index: number;
  readonly #owner: SlotOwner;
  readonly #backoff: Backoff;
  /** How many workers in a row have died before they had run for a while. */
  #failures = 0;
  #current: WorkerProcess | undefined;
  #cancelRestart: Cancel = () => {};

  constructor(index: number, owner: SlotOwner) {
    this.index = index;
    this.#owner = owner;
    this.#backoff = new Backoff({ first: owner.plan.backoff, jitter: false });
  }

  /** Fills it. Rejects where the worker does not become ready. */
  async start(): Promise<void> {
    this.#settle(await this.#launch());
  }

  /** Replaces its worker by a new one as soon as that is ready. Rejects where it does not become ready; the old one stays. */
  async replace(): Promise<void> {
    this.#cancelRestart();
    let next: WorkerProcess;
    try {
      next = await this.#launch();
    } catch (error) {
      if (this.#current === undefined) this.#restart(`worker ${this.index}`, 0);
      throw error;
    }
    const last = this.#current;
    this.#settle(next);
    last?.leave('leave');
    await last?.goneWithin(this.#owner.grace);
  }

  /** Starts no more workers. */
  stop(): void {
    this.#cancelRestart();
  }

  async #launch(): Promise<WorkerProcess> {
    const worker = this.#owner.fork(this.index);
    await worker.ready;
    this.#owner.emit({ type: 'ready', worker: worker.name });
    return worker;
  }

  #settle(worker: WorkerProcess): void {
    this.#current = worker;
    void worker.gone.then(() => this.#onGone(worker));
  }

  #onGone(worker: WorkerProcess): void {
    if (this.#current !== worker) return;
    this.#current = undefined;
    if (!worker.isLeaving) this.#restart(worker.name, this.#owner.clock.now() - worker.startedAt);
  }

  #restart(worker: string, ranFor: number): void {
    if (!this.#owner.replaces) return;
    this.#failures = ranFor < STEADY_AFTER ? this.#failures + 1 : 1;
    const delayMs = this.#backoff.wait(this.#failures);
    this.#owner.emit({ type: 'restart', worker, delayMs });
    this.#cancelRestart = this.#owner.clock.setTimeout(() => {
      this.start().catch(() => this.#restart(`worker ${this.index}`, 0));
    }, delayMs);
  }
}
