import { closer } from './resources/closable.ts';
import { DrainError } from './drain-error.ts';
import { readPartTimes, type PartOptions } from './drain-part.ts';
import type { DrainReport } from './report/drain-report.ts';
import type { Drainable, WorkItem } from './drainable.ts';
import type { Clock } from './host.ts';
import { WorkTracker, type Work } from './work/work-tracker.ts';

export interface ReplaceableOptions<Value> extends Omit<PartOptions, 'close' | 'reason'> {
  /** Opens one: at first, and for each replacement. */
  readonly open: () => PromiseLike<Value> | Value;
  /** Closes one that nobody uses any more. @default its `Symbol.asyncDispose`, where it has one */
  readonly close?: (value: Value) => unknown;
}

/** The use of a value, until it is left. */
export interface Lease<Value> extends Work {
  readonly value: Value;
}

/** What a replaceable needs of its drain. */
export interface ReplaceableOwner {
  readonly clock: Clock;
  track<Result>(work: () => Promise<Result>, name: string): Promise<Result>;
  drainPart(name: string, part: Drainable, options: PartOptions): Promise<DrainReport>;
  /** Has the drain close it, when nothing uses it any more. */
  register(replaceable: Drainable & { close(): unknown }): void;
}

interface Generation<Value> {
  readonly value: Value;
  readonly uses: WorkTracker;
}

/**
 * Something that can be replaced while the server goes on serving: a database client at a failover, a consumer at a
 * rebalance. From the moment at which another is open, whoever asks gets that one; the one before is drained of its uses,
 * within its own deadline, and closed. A drain of the whole waits for the uses as for other work; it refuses none, since
 * what is in flight needs it to the end.
 */
export class Replaceable<Value> implements Drainable {
  readonly name: string;
  readonly #options: ReplaceableOptions<Value>;
  readonly #owner: ReplaceableOwner;
  #current: Generation<Value>;
  #replacing: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(
    name: string,
    options: ReplaceableOptions<Value>,
    owner: ReplaceableOwner,
    current: Generation<Value>,
  ) {
    this.name = name;
    this.#options = options;
    this.#owner = owner;
    this.#current = current;
  }

  /**
   * Opens the first. Rejects as `open` does, and with a DrainError: `DRAIN_ARGUMENT_INVALID`, `DRAIN_RESOURCE_INVALID` where
   * there is no way to close it, `DRAIN_RESOURCE_TOO_LATE` where all is closed by now. It is closed again then.
   */
  static async open<Value>(
    name: string,
    options: ReplaceableOptions<Value>,
    owner: ReplaceableOwner,
  ): Promise<Replaceable<Value>> {
    readPartTimes(options);
    const first = await generation(options, owner);
    const replaceable = new Replaceable(name, options, owner, first);
    const close = closeOf(name, options, first.value);
    try {
      owner.register(replaceable);
    } catch (error) {
      await close();
      throw error;
    }
    return replaceable;
  }

  /** The one that is in use now. Ask each time: it may be another. */
  get value(): Value {
    return this.#current.value;
  }

  /** Uses it until the lease is left: one that is replaced is not closed before. */
  lease(name: string = this.name): Lease<Value> {
    const { value, uses } = this.#current;
    return { ...uses.enter(name), value };
  }

  /** Uses it until `action` settles, and settles with it. */
  async use<Result>(action: (value: Value) => PromiseLike<Result> | Result, name: string = this.name): Promise<Result> {
    using lease = this.lease(name);
    return await action(lease.value);
  }

  /**
   * Opens another, gives it to whoever asks from then on, drains and closes the one before. Where the other cannot be opened,
   * everything stays as it is, and this rejects with that error. One at a time: another call waits for this one.
   *
   * Rejects with a DrainError `DRAIN_WORK_REFUSED` in a drain.
   */
  replace(reason?: string): Promise<DrainReport> {
    const replace = (): Promise<DrainReport> => this.#replace(reason);
    const replaced = this.#replacing.then(() => this.#owner.track(replace, `replace ${this.name}`));
    this.#replacing = replaced.catch(() => {});
    return replaced;
  }

  /** Closes the one that is in use. */
  close(): unknown {
    this.#closed = true;
    return closeOf(this.name, this.#options, this.#current.value)();
  }

  get inFlight(): number {
    return this.#current.uses.inFlight;
  }

  work(): WorkItem[] {
    return this.#current.uses.work();
  }

  announce(): void {}

  refuse(): void {}

  drained(): Promise<void> {
    return this.#current.uses.drained();
  }

  force(): void {}

  abort(): void {}

  async #replace(reason: string | undefined): Promise<DrainReport> {
    const before = this.#current;
    const other = await generation(this.#options, this.#owner);
    if (this.#closed) {
      await closeOf(this.name, this.#options, other.value)();
      throw new DrainError('DRAIN_WORK_REFUSED', `'${this.name}' was closed while another was opened`);
    }
    this.#current = other;
    const { open: _open, close: _close, ...bounds } = this.#options;
    const close = closeOf(this.name, this.#options, before.value);
    const options = { ...bounds, close, ...(reason === undefined ? {} : { reason }) };
    return this.#owner.drainPart(this.name, before.uses, options);
  }
}

async function generation<Value>(
  { open }: ReplaceableOptions<Value>,
  { clock }: ReplaceableOwner,
): Promise<Generation<Value>> {
  return { value: await open(), uses: new WorkTracker(clock) };
}

function closeOf<Value>(name: string, { close }: ReplaceableOptions<Value>, value: Value): () => unknown {
  return close === undefined ? closer(name, value as AsyncDisposable) : () => close(value);
}
