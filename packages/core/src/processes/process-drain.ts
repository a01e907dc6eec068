import type { ChildProcess } from 'node:child_process';
import type { Server } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { deferred } from '../deferred.ts';
import { Drain } from '../drain.ts';
import type { DrainOptions } from '../plan/drain-options.ts';
import type { Cancel } from '../host.ts';
import { processHost } from '../node/process-host.ts';
import { drainChild, type ChildOptions } from './child.ts';
import { joinCluster } from './cluster-member.ts';
import { tellSupervisor } from './supervisor.ts';
import { drainThread, type ThreadOptions } from './thread.ts';

/** How long after the startup route answered 503 it is asked again, in milliseconds. */
const PROBE_INTERVAL = 1_000;

/** A drain that knows of the processes around it: children, threads, and whoever started this one. */
export class ProcessDrain extends Drain {
  readonly #started = deferred<void>();
  readonly #listening = new Set<Server>();
  #cancelCheck: Cancel = () => {};

  constructor(options: DrainOptions) {
    super(options, processHost);
    this.on('readiness', () => void this.#checkStarted());
    // A test's host has no process around it.
    if (this.host !== processHost) return;
    joinCluster(this, this.#listening);
    void this.started.then(tellSupervisor);
  }

  /** Fulfilled once a server listens, and `/startup` answers 200: when whoever waits for this process may go on. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /**
   * Ends a child process in the course of the drain: sends it a signal in its turn among the resources (or earlier, see
   * `phase`), waits, and kills it when its time is up; it is named in the report. A detached child is signalled with its whole
   * process group, and waited for with it. One that ends by itself before is forgotten.
   *
   * @throws DrainError `DRAIN_PROCESS_INVALID`, `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE`
   */
  child(child: ChildProcess, options: ChildOptions = {}): void {
    drainChild(this, child, options, this.host.clock);
  }

  /**
   * Ends a worker thread in the course of the drain, as `child` does: asks it to finish, waits, and terminates it when its
   * time is up. A thread with a drain of its own begins that one.
   *
   * @throws DrainError `DRAIN_PROCESS_INVALID`, `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE`
   */
  thread(worker: Worker, options: ThreadOptions = {}): void {
    drainThread(this, worker, options, this.host.clock);
  }

  /** Says that a server listens. */
  protected listens(server: Server): void {
    if (this.#listening.has(server)) return;
    this.#listening.add(server);
    server.once('close', () => this.#listening.delete(server));
    void this.#checkStarted();
  }

  /** Nobody tells when a check of the app's own passes at last, so that it is asked as a probe would. */
  async #checkStarted(): Promise<void> {
    this.#cancelCheck();
    if (this.#listening.size === 0 || this.phase !== 'serving') return;
    const { statusCode } = await this.health('startup');
    if (statusCode === 200) return this.#started.resolve();
    const { clock } = processHost;
    this.#cancelCheck();
    this.#cancelCheck = clock.setTimeout(() => void this.#checkStarted(), PROBE_INTERVAL, { ref: false });
  }
}
