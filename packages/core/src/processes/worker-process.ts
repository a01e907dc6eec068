import type { Worker } from 'node:cluster';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { WorkItem } from '../drainable.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Cancel, Clock } from '../host.ts';
import type { ParentMessage } from '../parent-message.ts';

/** How a worker ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One worker process, from its start to its end, as the primary sees it. */
export class WorkerProcess {
  /** `worker 2 (pid 4711)` */
  readonly name: string;
  readonly startedAt: number;
  /** Fulfilled when it says that it is ready; rejects with a DrainError `DRAIN_WORKER_FAILED` where it ends, or takes too long, before. */
  readonly ready: Promise<void>;
  /** Fulfilled when it is gone. */
  readonly gone: Promise<WorkerExit>;
  readonly #worker: Worker;
  readonly #clock: Clock;
  #isReady = false;
  #exit: WorkerExit | undefined;
  #toldAt: number | undefined;
  #killed = false;

  /** @param index - its place among the workers, from 1. */
  constructor(worker: Worker, index: number, clock: Clock, readyTimeout: number) {
    this.name = `worker ${index} (pid ${worker.process.pid ?? 'none'})`;
    this.startedAt = clock.now();
    this.#worker = worker;
    this.#clock = clock;
    const gone = deferred<WorkerExit>();
    this.gone = gone.promise;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      this.#exit ??= { code, signal };
      gone.resolve(this.#exit);
    };
    worker.process.once('exit', end);
    // It could not be started, or could not be sent a message.
    worker.on('error', () => {
      if (worker.process.pid === undefined) end(null, null);
    });
    this.ready = this.#becomeReady(readyTimeout);
    this.ready.catch(() => {});
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it was told to leave: its end is no accident. */
  get isLeaving(): boolean {
    return this.#toldAt !== undefined;
  }

  get wasKilled(): boolean {
    return this.#killed;
  }

  /** How long it has been leaving. */
  get work(): WorkItem {
    return { name: this.name, ageMs: this.#clock.now() - (this.#toldAt ?? this.#clock.now()) };
  }

  /** Has it answer 503 to whoever asks whether it is ready. */
  unready(): void {
    this.#send({ drainkit: 'unready' });
  }

  /**
   * Has it begin its drain. A message, not a signal: Ctrl+C, and systemd, send theirs to workers as well, and a second one
   * would end them on the spot. One that is not ready yet may not hear messages, and serves nobody.
   */
  leave(how: 'drain' | 'leave' | 'shutdown'): void {
    if (this.isLeaving) return;
    this.#toldAt = this.#clock.now();
    if (!this.#isReady) this.#worker.process.kill('SIGTERM');
    else this.#send(how === 'shutdown' ? how : { drainkit: how });
  }

  /** Kills it where it is not gone in time. */
  async goneWithin(ms: number): Promise<WorkerExit> {
    const cancel = this.#clock.setTimeout(() => this.kill(), ms);
    const exit = await this.gone;
    cancel();
    return exit;
  }

  kill(): void {
    if (this.#exit !== undefined) return;
    this.#killed = true;
    this.#worker.process.kill('SIGKILL');
  }

  /** One that hears no messages any more gets a signal, unless it is leaving by itself: that signal would be one too many. */
  #send(message: ParentMessage): void {
    const { process } = this.#worker;
    const onError = (): void => {
      if (this.isLeaving && !this.#worker.exitedAfterDisconnect) process.kill('SIGTERM');
    };
    if (this.#exit !== undefined) return;
    if (!process.connected) return onError();
    process.send(message, (error) => {
      if (error !== null) onError();
    });
  }

  async #becomeReady(timeout: number): Promise<void> {
    let cancel: Cancel = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (what: string): void => reject(new DrainError('DRAIN_WORKER_FAILED', `${this.name} ${what}`));
        this.#worker.on('message', (message: unknown) => {
          if (message === 'ready') resolve();
        });
        cancel = this.#clock.setTimeout(() => {
          fail(`was not ready within ${formatDuration(timeout)}`);
          this.kill();
        }, timeout);
        void this.gone.then(({ code, signal }) => fail(`ended with ${signal ?? `code ${code}`} before it was ready`));
      });
      this.#isReady = true;
    } finally {
      cancel();
    }
  }
}
