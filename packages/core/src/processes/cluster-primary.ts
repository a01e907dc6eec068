import cluster from 'node:cluster';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { Cancel } from '../host.ts';
import { HttpDrain } from '../node/http-drain.ts';
import { processHost } from '../node/process-host.ts';
import { logPrimaryEvent, type PrimaryEvent } from './primary-event.ts';
import { primaryDrainOptions, resolvePrimary, type PrimaryOptions } from './primary-options.ts';
import { tellSupervisor, WORKER_VARIABLE } from './supervisor.ts';
import { WorkerDrainable } from './worker-drainable.ts';
import { WorkerProcess, type WorkerExit } from './worker-process.ts';
import { WorkerSlot, type SlotOwner } from './worker-slot.ts';

const { clock } = processHost;

/**
 * The primary of a node:cluster. It starts workers, each with a drain of its own, replaces those that die, reloads them one by
 * one, and drains them all when it is drained itself. It serves nothing; it owns the listening socket, which stays open through a reload,
 * so that no connection is refused.
 *
 * In a drain every worker answers 503 to probes at once; they begin to leave one after the other, and those that are not
 * gone a second before the primary has to be are killed and named in its report.
 */
export class ClusterPrimary {
  /** The primary's own drain: what begins it, what closes after the workers, what came of it. */
  readonly drain: HttpDrain;
  readonly #slots: readonly WorkerSlot[];
  readonly #workers: WorkerDrainable;
  readonly #listeners = new Set<(event: PrimaryEvent) => void>();
  #running: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  constructor(options: PrimaryOptions) {
    const plan = resolvePrimary(options);
    this.drain = new HttpDrain(primaryDrainOptions(options));
    const { drain } = this;
    const { reloadSignal } = plan;
    if (reloadSignal !== false && drain.plan.signals[reloadSignal] !== undefined) {
      const detail = `${reloadSignal} is to begin a drain and a reload; set reloadSignal to another, or false`;
      throw new DrainError('DRAIN_OPTIONS_INVALID', detail);
    }
    this.#workers = new WorkerDrainable(drain, clock, plan);
    const { grace } = this.#workers;
    const prefix = options.drain?.envPrefix ?? 'DRAIN_';
    const env = { ...plan.env, [`${prefix}GRACE_PERIOD`]: String(grace), [WORKER_VARIABLE]: '1' };
    const owner: SlotOwner = {
      plan,
      clock,
      grace,
      get replaces() {
        return drain.phase === 'serving';
      },
      fork: (index) => this.#fork(index, env, plan.readyTimeout),
      emit: (event) => this.#emit(event),
    };
    this.#slots = Array.from({ length: plan.workers }, (_, index) => new WorkerSlot(index + 1, owner));
    const logger = options.drain?.logger;
    if (typeof logger === 'object') this.on((event) => logPrimaryEvent(logger, event));
    if (reloadSignal !== false) this.#reloadOn(reloadSignal);
    drain.on('trigger', () => this.#slots.forEach((slot) => slot.stop()));
    drain.add(this.#workers);
  }

  /** The workers that run now, named by place and process id, those that are starting or leaving included. */
  get workers(): readonly string[] {
    return this.#workers.names;
  }

  /**
   * Starts the workers, all at once. Fulfilled when each is ready.
   *
   * A drain that begins meanwhile stops it, and ends those that were started. The rejection with `DRAIN_START_STOPPED` need not
   * be caught: it is not taken for a fault.
   *
   * @throws DrainError (as a rejection) `DRAIN_START_STOPPED`; `DRAIN_WORKER_FAILED` where one ends, or its time is up, before it is
   * ready. The others go on, and it is tried again after a while, unless the rejection, uncaught, ends the primary.
   */
  async start(): Promise<void> {
    const { signal } = this.drain;
    const stopped = deferred<void>();
    signal.addEventListener('abort', () => stopped.resolve(), { once: true });
    // Over as soon as a drain begins: that workers end of it before they are ready is no failure.
    if (!signal.aborted) await Promise.race([stopped.promise, Promise.all(this.#slots.map((slot) => slot.start()))]);
    if (signal.aborted) throw new DrainError('DRAIN_START_STOPPED');
    tellSupervisor();
  }

  /**
   * Replaces the workers by new ones, one after the other: each when the new one is ready, and the next when the old one is
   * gone. Asked for while a reload is under way, it is done once more after that.
   *
   * @throws DrainError (as a rejection) `DRAIN_RELOAD_FAILED`: a new worker did not become ready, or a drain began. Workers that were not
   * replaced by then go on.
   */
  reload(): Promise<void> {
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        this.#running = this.#reloadAll();
        return this.#running;
      });
    return this.#queued;
  }

  /** Calls `listener` for each event. Returns how to stop that. */
  on(listener: (event: PrimaryEvent) => void): Cancel {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #fork(index: number, env: Readonly<Record<string, string>>, readyTimeout: number): WorkerProcess {
    if (this.drain.phase !== 'serving') throw new DrainError('DRAIN_DRAINING');
    const worker = new WorkerProcess(cluster.fork(env), index, clock, readyTimeout);
    const onGone = ({ code, signal }: WorkerExit): void => {
      this.#emit({ type: 'exit', worker: worker.name, code, signal, expected: worker.isLeaving });
    };
    void worker.gone.then(onGone);
    this.#workers.track(worker);
    return worker;
  }

  async #reloadAll(): Promise<void> {
    if (this.drain.phase !== 'serving')
      throw new DrainError('DRAIN_RELOAD_FAILED', 'a reload was asked for in a drain');
    const began = clock.now();
    this.#emit({ type: 'reload-began' });
    let replaced = 0;
    try {
      for (const slot of this.#slots) {
        await slot.replace();
        replaced += 1;
      }
    } catch (cause) {
      const reason = this.drain.phase === 'serving' ? (cause as Error).message : 'a drain began';
      const detail = `the reload was given up with ${replaced} of ${this.#slots.length} workers replaced: ${reason}`;
      const error = new DrainError('DRAIN_RELOAD_FAILED', detail, { cause });
      this.#emit({ type: 'reload-failed', error });
      throw error;
    }
    this.#emit({ type: 'reload-done', ms: Math.round(clock.now() - began) });
  }

  /** Nobody awaits a reload that a signal has begun: without a listener, its failure is a warning of the process. */
  #reloadOn(signal: string): void {
    const stop = processHost.onSignal(signal, () => {
      this.reload().catch((error: Error) => {
        if (this.#listeners.size === 0) process.emitWarning(error);
      });
    });
    this.drain.on('report', stop);
  }

  #emit(event: PrimaryEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/**
 * The primary of a node:cluster; call it where `cluster.isPrimary`, and `start()` on what it returns. It listens for signals
 * from now on.
 *
 * @throws DrainError `DRAIN_OPTIONS_INVALID`, listing every problem.
 */
export function createPrimary(options: PrimaryOptions = {}): ClusterPrimary {
  return new ClusterPrimary(options);
}
