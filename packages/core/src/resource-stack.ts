import { deferred } from './deferred.ts';
import { DrainError } from './drain-error.ts';
import { DURATION_FORM, parseDuration, type Duration } from './duration.ts';
import type { Clock } from './host.ts';

/** Something that can be closed: a function, or an object with `Symbol.asyncDispose` or `Symbol.dispose`. */
export type Closable = (() => unknown) | AsyncDisposable | Disposable;

export interface ResourceOptions {
  /** How long closing may take. Milliseconds or `'5s'`; `Infinity` for its share of what the grace period leaves. @default the plan's closeTimeout */
  readonly timeout?: Duration;
}

/** A registered resource. */
export interface Resource {
  readonly name: string;
  /** Forgets the resource, for whoever has closed it already. Does nothing once closing has begun. */
  forget(): void;
}

/** What came of closing one resource. */
export interface ResourceReport {
  readonly name: string;
  /** `hung`: its time was up; `skipped`: no time was left to begin. */
  readonly outcome: 'closed' | 'failed' | 'hung' | 'skipped';
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What it threw or rejected with; a DrainError `DRAIN_RESOURCE_HUNG` for one that hung. */
  readonly error?: unknown;
}

interface Entry {
  readonly name: string;
  readonly close: () => unknown;
  readonly timeout: number;
  readonly first: boolean;
}

/**
 * Closes resources in reverse order of registration, one at a time, each exactly once and within its own time. An error,
 * thrown or rejected, is collected and never stops the rest; one that hangs is named and left behind. One that is
 * registered while others are closing closes next. It does not start anything.
 */
export class ResourceStack {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #entries: Entry[] = [];
  readonly #reports: ResourceReport[] = [];
  #sealed = false;
  #onClosed: (report: ResourceReport) => void = () => {};
  /** Ends the wait for the resource that is closing now. */
  #giveUp: (() => void) | undefined;

  /** @param timeout - how long closing one resource may take, where it is not registered with a timeout of its own. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.#timeout = timeout;
  }

  /** What came of those that are closed, in the order of closing. */
  get reports(): readonly ResourceReport[] {
    return this.#reports;
  }

  /**
   * @param options.first - closes before all others, whenever it was registered: the framework.
   * @throws DrainError `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE`
   */
  register(name: string, closable: Closable, options: ResourceOptions & { readonly first?: boolean } = {}): Resource {
    const { first = false } = options;
    const { timeout: said = this.#timeout } = options;
    const timeout = said === Infinity ? said : parseDuration(said);
    if (typeof name !== 'string' || name === '') {
      throw new DrainError(
        'DRAIN_RESOURCE_INVALID',
        `a resource was registered under ${JSON.stringify(name)}, which is no name`,
      );
    }
    if (timeout === undefined) {
      const detail = `the timeout of resource '${name}' is ${String(said)}; allowed: ${DURATION_FORM}, or Infinity`;
      throw new DrainError('DRAIN_RESOURCE_INVALID', detail);
    }
    if (this.#sealed) {
      throw new DrainError(
        'DRAIN_RESOURCE_TOO_LATE',
        `resource '${name}' was registered after the drain had closed everything`,
      );
    }
    const entry: Entry = { name, close: closer(name, closable), timeout, first };
    this.#entries.push(entry);
    return {
      name,
      forget: () => {
        const index = this.#entries.indexOf(entry);
        if (index !== -1) this.#entries.splice(index, 1);
      },
    };
  }

  /**
   * Closes everything, also what is registered meanwhile. Never rejects.
   *
   * @param until - the clock's time by which all must be done. Where the timeouts together are longer than what is left,
   * each resource gets its share of it, so that one that hangs never takes the time of the next.
   * @param onClosed - told of each as soon as it is closed or given up.
   */
  async close(until: number, onClosed: (report: ResourceReport) => void): Promise<void> {
    this.#onClosed = onClosed;
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      await this.#closeOne(entry, this.#share(entry, until - this.#clock.now()));
    }
    this.#sealed = true;
  }

  /** Gives up on what is closing, which is then hung, and on what is left, which is skipped. Nothing more can be registered. */
  abandon(onClosed: (report: ResourceReport) => void): void {
    this.#onClosed = onClosed;
    this.#sealed = true;
    this.#giveUp?.();
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      this.#report({ name: entry.name, outcome: 'skipped', ms: 0 });
    }
  }

  #take(): Entry | undefined {
    const first = this.#entries.findIndex((entry) => entry.first);
    return first === -1 ? this.#entries.pop() : this.#entries.splice(first, 1)[0];
  }

  #share(entry: Entry, left: number): number {
    const wants = ({ timeout }: Entry): number => (timeout === Infinity ? left : timeout);
    if (left <= 0 || wants(entry) === 0) return 0;
    const wanted = this.#entries.reduce((sum, other) => sum + wants(other), wants(entry));
    return wants(entry) * Math.min(1, left / wanted);
  }

  #closeOne({ name, close }: Entry, timeout: number): Promise<void> {
    const began = this.#clock.now();
    const { promise, resolve } = deferred<void>();
    const settle = (outcome: ResourceReport['outcome'], error?: unknown): void => {
      if (this.#giveUp !== giveUp) return;
      this.#giveUp = undefined;
      cancel();
      const ms = this.#clock.now() - began;
      this.#report(outcome === 'closed' ? { name, outcome, ms } : { name, outcome, ms, error });
      resolve();
    };
    const giveUp = (): void => {
      const ms = Math.round(this.#clock.now() - began);
      settle('hung', new DrainError('DRAIN_RESOURCE_HUNG', `resource '${name}' did not close within ${ms} ms`));
    };
    this.#giveUp = giveUp;
    const cancel = this.#clock.setTimeout(giveUp, timeout);
    // A close that settles after it was given up still has its handlers, so that it is no unhandled rejection.
    new Promise((done) => done(close())).then(
      () => settle('closed'),
      (error: unknown) => settle('failed', error),
    );
    return promise;
  }

  #report(report: ResourceReport): void {
    this.#reports.push(report);
    this.#onClosed(report);
  }
}

function closer(name: string, closable: Closable): () => unknown {
  if (typeof closable === 'function') return closable;
  if (typeof closable === 'object' && closable !== null) {
    if (Symbol.asyncDispose in closable && typeof closable[Symbol.asyncDispose] === 'function')
      return () => closable[Symbol.asyncDispose]();
    if (Symbol.dispose in closable && typeof closable[Symbol.dispose] === 'function')
      return () => closable[Symbol.dispose]();
  }
  throw new DrainError('DRAIN_RESOURCE_INVALID', `resource '${name}' has nothing to close it with`);
}
