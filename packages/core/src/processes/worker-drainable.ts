import { deferred } from '../deferred.ts';
import type { Drain } from '../drain.ts';
import { DrainError } from '../drain-error.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import type { Clock } from '../host.ts';
import { reportFailure } from './companion.ts';
import type { PrimaryPlan } from './primary-options.ts';
import type { WorkerExit, WorkerProcess } from './worker-process.ts';

/** How long before the last moment the workers' own grace period ends, in milliseconds, so that they end by themselves. */
const WORKER_MARGIN = 250;

/** The workers of a primary as work in flight: each is told to drain, and waited for; after the deadline, what is left is killed. */
export class WorkerDrainable implements Drainable {
  readonly name = 'workers';
  /** What each worker has to drain in, in milliseconds. */
  readonly grace: number;
  readonly #drain: Drain;
  readonly #clock: Clock;
  readonly #stagger: number;
  readonly #workers = new Set<WorkerProcess>();
  readonly #over = deferred<void>();
  #window = false;
  #isTold = false;

  constructor(drain: Drain, clock: Clock, { workers, stagger }: PrimaryPlan) {
    this.#drain = drain;
    this.#clock = clock;
    const { deadline } = drain.plan;
    // However many there are, most of the time is for draining.
    this.#stagger = workers === 1 ? 0 : Math.min(stagger, deadline / 4 / (workers - 1));
    this.grace = Math.max(0, Math.floor(deadline - this.#stagger * (workers - 1) - WORKER_MARGIN));
    drain.on('trigger', ({ trigger }) => {
      this.#window = trigger.window;
    });
  }

  get names(): readonly string[] {
    return Array.from(this.#workers, ({ name }) => name);
  }

  get inFlight(): number {
    return this.#isTold ? this.#workers.size : 0;
  }

  /** Counts a worker until it is gone. */
  track(worker: WorkerProcess): void {
    this.#workers.add(worker);
    void worker.gone.then((exit) => this.#onGone(worker, exit));
  }

  work(): WorkItem[] {
    return this.#isTold ? Array.from(this.#workers, ({ work }) => work) : [];
  }

  /** Who probes is to hear the same from each, so that all are unready at once, though they leave one after the other. */
  announce(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    if (this.#workers.size === 0) this.#over.resolve();
    let delay = 0;
    for (const worker of this.#workers) {
      if (!this.#window || !worker.isReady) {
        worker.leave('shutdown');
        continue;
      }
      worker.unready();
      this.#clock.setTimeout(() => worker.leave('drain'), delay);
      delay += this.#stagger;
    }
  }

  refuse(): void {}

  drained(): Promise<void> {
    return this.#over.promise;
  }

  force(): void {}

  abort(): void {
    for (const worker of this.#workers) worker.kill();
    this.#over.resolve();
  }

  #onGone(worker: WorkerProcess, { code, signal }: WorkerExit): void {
    this.#workers.delete(worker);
    if (!this.#isTold) return;
    // One that was still starting served nobody; those that were killed are named as destroyed.
    if (code !== 0 && worker.isReady && !worker.wasKilled) {
      const how = `${worker.name} ended with ${signal ?? `code ${code}`}`;
      reportFailure(this.#drain, worker.name, new DrainError('DRAIN_PROCESS_FAILED', how));
    }
    if (this.#workers.size === 0) this.#over.resolve();
  }
}
