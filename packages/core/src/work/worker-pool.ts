import { readChoice, readCount, readObject } from '../plan/argument.ts';
import { deferred, type Deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import { clockHost, drainPart, type PartOptions } from '../drain-part.ts';
import type { DrainReport } from '../report/drain-report.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import type { Clock } from '../host.ts';
import { PoolTask, type Task } from './pool-task.ts';
import type { QuietPeriod } from './quiet-period.ts';
import { throwLater } from '../throw-later.ts';

export interface WorkerPoolOptions {
  /** How many tasks run at the same time, from 1. */
  readonly concurrency: number;
  /** How many tasks may be queued, from 0. @default 1000 */
  readonly queue?: number;
  /** What becomes of a task when the queue is full: it waits for room, or is refused with `DRAIN_POOL_FULL`. @default 'wait' */
  readonly whenFull?: 'wait' | 'refuse';
  /** What becomes of the queue in a drain: it is finished, or handed back with `DRAIN_TASK_RETURNED`. @default 'finish' */
  readonly whenDraining?: 'finish' | 'hand-back';
  /** Told of each task that fails, is refused or handed back. Whoever submits may then ignore the promise. */
  readonly onError?: (error: unknown, name: string) => void;
}

export interface SubmitOptions {
  /** What reports call it. @default the pool's name */
  readonly name?: string;
}

/**
 * Runs tasks, so many at a time, from a queue that is bounded. Drains as a part of a `Drain`, or alone: once it refuses, what
 * it has accepted is finished, or what is still queued is handed back; at the deadline the queue is handed back in any case,
 * and the running tasks are told. A task that fails rejects its own promise and nothing else.
 */
export class WorkerPool implements Drainable {
  readonly name: string;
  refused = 0;
  readonly #clock: Clock;
  #quietPeriod: Pick<QuietPeriod, 'isOpen' | 'note'> | undefined;
  readonly #bound: number;
  readonly #whenFull: 'wait' | 'refuse';
  readonly #onError: WorkerPoolOptions['onError'];
  readonly #running = new Set<PoolTask>();
  /** Accepted. */
  readonly #queue: PoolTask[] = [];
  /** Not accepted yet: the queue is full. */
  readonly #waiting: PoolTask[] = [];
  readonly #awaitingRoom: Deferred<boolean>[] = [];
  readonly #resizing: Deferred<void>[] = [];
  #concurrency: number;
  #whenDraining: 'finish' | 'hand-back';
  #announced: DrainError | undefined;
  #refusing = false;
  #aborted = false;
  #idle: Deferred<void> | undefined;

  /**
   * @param clock - tells how long tasks have been running: `processHost.clock` of `@drainkit/core/node`.
   * @param quietPeriod - while it is open, tasks are accepted although the drain takes on nothing else.
   * @throws DrainError `DRAIN_ARGUMENT_INVALID`
   */
  constructor(
    name: string,
    options: WorkerPoolOptions,
    clock: Clock,
    quietPeriod?: Pick<QuietPeriod, 'isOpen' | 'note'>,
  ) {
    const {
      concurrency,
      queue = 1_000,
      whenFull = 'wait',
      whenDraining = 'finish',
      onError,
    } = readObject('the options of a pool', options);
    this.name = name;
    this.#clock = clock;
    this.#quietPeriod = quietPeriod;
    this.#concurrency = readCount('concurrency', concurrency, 1);
    this.#bound = readCount('queue', queue, 0);
    this.#whenFull = readChoice('whenFull', whenFull, ['wait', 'refuse']);
    this.#whenDraining = readChoice('whenDraining', whenDraining, ['finish', 'hand-back']);
    this.#onError = onError;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  /** How many tasks are running. */
  get running(): number {
    return this.#running.size;
  }

  /** How many tasks are accepted and not begun. */
  get queued(): number {
    return this.#queue.length;
  }

  /** What is accepted and not finished. */
  get inFlight(): number {
    return this.#running.size + this.#queue.length;
  }

  /**
   * Runs a task as soon as a worker is free, and settles with it. A rejection that is not the task's own is a DrainError:
   * `DRAIN_WORK_REFUSED` once the pool refuses, also where the task was still waiting for room; `DRAIN_POOL_FULL`;
   * `DRAIN_TASK_RETURNED` where it was queued and handed back. In each of these it has not begun.
   */
  submit<Value>(task: Task<Value>, { name = this.name }: SubmitOptions = {}): Promise<Value> {
    const submitted = new PoolTask(name, task, this.#clock.now());
    const { promise } = submitted;
    if (this.#onError !== undefined) promise.catch(() => {});
    if (!this.#accepts) this.#refuse(submitted);
    else if (this.#isFree) this.#accept(submitted);
    else if (this.#whenFull === 'wait') this.#waiting.push(submitted);
    else
      this.#reject(
        submitted,
        new DrainError('DRAIN_POOL_FULL', `task '${name}': the queue of pool '${this.name}' is full`),
      );
    return promise as Promise<Value>;
  }

  /**
   * Resolves as soon as there is room for a task, to `true`, or once the pool refuses, to `false`. For producers that do not wait for
   * their tasks: `while (await pool.room()) …`. Where several wait, all are told.
   */
  room(): Promise<boolean> {
    if (!this.#accepts) return Promise.resolve(false);
    if (this.#isFree) return Promise.resolve(true);
    const room = deferred<boolean>();
    this.#awaitingRoom.push(room);
    return room.promise;
  }

  /**
   * Changes how many tasks run at the same time. Resolves when no more than that are running: a pool that shrinks lets the
   * workers that it loses finish what they are at.
   *
   * @throws DrainError `DRAIN_ARGUMENT_INVALID`
   */
  resize(concurrency: number): Promise<void> {
    this.#concurrency = readCount('concurrency', concurrency, 1);
    const resized = deferred<void>();
    this.#resizing.push(resized);
    this.#proceed();
    return resized.promise;
  }

  /**
   * Drains this pool alone, for good: refuses, finishes or hands back the queue, waits for what is running until the deadline.
   *
   * @param options.whenDraining - what becomes of the queue. @default as the pool has it
   */
  async drain(options: PartOptions & Pick<WorkerPoolOptions, 'whenDraining'> = {}): Promise<DrainReport> {
    this.#whenDraining = readChoice('whenDraining', options.whenDraining ?? this.#whenDraining, [
      'finish',
      'hand-back',
    ]);
    const drained = drainPart(this.name, this, clockHost(this.#clock), options);
    this.standAlone();
    return drained;
  }

  /** It is drained alone, for good: the quiet period of a whole drain does not open it again. */
  standAlone(): void {
    this.#quietPeriod = undefined;
    this.refuse();
  }

  work(): WorkItem[] {
    const now = this.#clock.now();
    const running = Array.from(this.#running, ({ name, since }) => ({ name, ageMs: now - since }));
    const queued = this.#queue.map(({ name, since }) => ({ name: `${name} (queued)`, ageMs: now - since }));
    return [...running, ...queued];
  }

  announce(): void {
    this.#announced ??= new DrainError('DRAIN_DRAINING');
    for (const task of this.#running) task.signals.announce(this.#announced);
  }

  refuse(): void {
    this.#refusing = true;
    if (!this.#accepts) for (const task of this.#waiting.splice(0)) this.#refuse(task);
    if (this.#whenDraining === 'hand-back') this.#handBack();
    this.#proceed();
  }

  drained(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }

  force(): void {
    const reason = new DrainError('DRAIN_DEADLINE');
    for (const task of this.#running) task.signals.force(reason);
    this.#end();
  }

  /** A task cannot be destroyed from outside: it is named in the report, and no longer waited for. */
  abort(): void {
    this.#running.clear();
    this.#end();
  }

  get #accepts(): boolean {
    return !this.#refusing || (!this.#aborted && this.#quietPeriod?.isOpen === true);
  }

  /** Whether a task would be run or queued now. */
  get #isFree(): boolean {
    return this.#running.size < this.#concurrency || this.#queue.length < this.#bound;
  }

  #accept(task: PoolTask): void {
    this.#queue.push(task);
    this.#proceed();
  }

  /** Begins what can begin, takes on what waits, and tells whoever waits for less. */
  #proceed(): void {
    while (this.#running.size < this.#concurrency) {
      const next = this.#queue.shift() ?? this.#waiting.shift();
      if (next === undefined) break;
      void this.#run(next);
    }
    while (this.#queue.length < this.#bound && this.#waiting.length > 0)
      this.#queue.push(...this.#waiting.splice(0, 1));
    if (!this.#accepts) for (const room of this.#awaitingRoom.splice(0)) room.resolve(false);
    else if (this.#isFree) for (const room of this.#awaitingRoom.splice(0)) room.resolve(true);
    if (this.#running.size <= this.#concurrency) for (const resized of this.#resizing.splice(0)) resized.resolve();
    if (this.inFlight === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }

  async #run(task: PoolTask): Promise<void> {
    this.#running.add(task);
    this.#quietPeriod?.note();
    if (this.#announced !== undefined) task.signals.announce(this.#announced);
    const failure = await task.run(this.#clock.now());
    if (failure !== undefined) this.#tell(failure.error, task.name);
    if (!this.#running.delete(task)) return;
    this.#quietPeriod?.note();
    this.#proceed();
  }

  #refuse(task: PoolTask): void {
    this.refused += 1;
    const detail = `task '${task.name}' was submitted after pool '${this.name}' had stopped taking any`;
    this.#reject(task, new DrainError('DRAIN_WORK_REFUSED', detail));
  }

  #handBack(): void {
    for (const task of this.#queue.splice(0)) {
      this.#reject(
        task,
        new DrainError('DRAIN_TASK_RETURNED', `task '${task.name}' was not begun when pool '${this.name}' was drained`),
      );
    }
  }

  /** Nothing new begins any more. */
  #end(): void {
    this.#refusing = true;
    this.#aborted = true;
    for (const task of this.#waiting.splice(0)) this.#refuse(task);
    this.#handBack();
    this.#proceed();
  }

  #reject(task: PoolTask, error: DrainError): void {
    task.reject(error);
    this.#tell(error, task.name);
  }

  #tell(error: unknown, name: string): void {
    try {
      this.#onError?.(error, name);
    } catch (thrown) {
      throwLater(thrown);
    }
  }
}
