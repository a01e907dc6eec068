import { closer, type Closable } from './closable.ts';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';

export interface ResourceOptions {
  /** How long closing may take. Milliseconds or `'5s'`; `Infinity` for its share of what the grace period leaves. @default the plan's closeTimeout */
  readonly timeout?: Duration;
  /** Resources of one group that were registered one right after the other close at the same time. @default none: one at a time */
  readonly group?: string;
}

/** What components say besides, and adapters. */
export interface EntryOptions extends Omit<ResourceOptions, 'group'> {
  readonly group?: unknown;
  /** Closes before all others, whenever it was registered: the framework. */
  readonly first?: boolean;
  /** Whether its close is waited for. @default true */
  readonly awaited?: boolean;
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
  /** `hung`: its time was up; `skipped`: no time was left to begin; `left`: it began, and was not to be waited for. */
  readonly outcome: 'closed' | 'failed' | 'hung' | 'skipped' | 'left';
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What it threw or rejected with; a DrainError `DRAIN_RESOURCE_HUNG` for one that hung. */
  readonly error?: unknown;
  /** It began to close together with the one before it. */
  readonly parallel?: true;
}

type OnClosed = (report: ResourceReport) => void;

interface Entry {
  readonly name: string;
  readonly close: () => unknown;
  readonly timeout: number;
  readonly first: boolean;
  readonly awaited: boolean;
  readonly group: unknown;
}

/**
 * Closes resources in reverse order of registration, one at a time (neighbours of one group together), each exactly once
 * and within its own time. An error, thrown or rejected, is collected and never stops the rest; one that hangs is named and
 * left behind. One that is registered while others are closing closes next. It does not start anything.
 */
export class ResourceStack {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #entries: Entry[] = [];
  readonly #reports: ResourceReport[] = [];
  #sealed = false;
  #onClosed: OnClosed = () => {};
  /** Ends the wait for each resource that is closing now. */
  readonly #closing = new Set<() => void>();

  /** @param timeout - how long closing one resource may take, where it is not registered with a timeout of its own. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.#timeout = timeout;
  }

  /** What came of those that are closed, in the order of closing. */
  get reports(): readonly ResourceReport[] {
    return this.#reports;
  }

  /** Those that are to be closed, the framework left out. */
  get registered(): readonly { readonly name: string; readonly timeout: number }[] {
    return this.#entries.filter(({ first }) => !first);
  }

  /** @throws DrainError `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE` */
  register(name: string, closable: Closable, options: EntryOptions = {}): Resource {
    const { timeout: said = this.#timeout, first = false, awaited = true, group } = options;
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
    const entry: Entry = { name, close: closer(name, closable), timeout, first, awaited, group };
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
  async close(until: number, onClosed: OnClosed): Promise<void> {
    this.#onClosed = onClosed;
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      const share = this.#share(group, until - this.#clock.now());
      let parallel = false;
      const onEach = (report: ResourceReport): void => {
        this.#report(parallel ? { ...report, parallel } : report);
        parallel = true;
      };
      await Promise.all(group.map((entry) => this.#closeOne(entry, share(entry), onEach)));
    }
    this.#sealed = true;
  }

  /** Gives up on what is closing, which is then hung, and on what is left, which is skipped. Nothing more can be registered. */
  abandon(onClosed: OnClosed): void {
    this.#onClosed = onClosed;
    this.#sealed = true;
    for (const giveUp of this.#closing) giveUp();
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      for (const { name } of group) this.#report({ name, outcome: 'skipped', ms: 0 });
    }
  }

  /** What closes next: one, or neighbours of one group; nothing where all is taken. */
  #take(): Entry[] {
    const first = this.#entries.findIndex((entry) => entry.first);
    if (first !== -1) return this.#entries.splice(first, 1);
    const taken = groups(this.#entries).at(-1) ?? [];
    this.#entries.length -= taken.length;
    return taken.toReversed();
  }

  /** How long each of a group may take: what it wants, or its share of what is left. */
  #share(group: readonly Entry[], left: number): (entry: Entry) => number {
    const wants = ({ timeout, awaited }: Entry): number => (!awaited ? 0 : timeout === Infinity ? left : timeout);
    const all = [group, ...groups(this.#entries)];
    const wanted = all.reduce((sum, each) => sum + Math.max(...each.map(wants)), 0);
    const share = wanted > left ? left / wanted : 1;
    return (entry) => (left <= 0 ? 0 : wants(entry) * share);
  }

  #closeOne({ name, close, awaited }: Entry, timeout: number, onClosed: OnClosed): Promise<void> {
    const began = this.#clock.now();
    const { promise, resolve } = deferred<void>();
    const settle = (outcome: ResourceReport['outcome'], error?: unknown): void => {
      if (!this.#closing.delete(giveUp)) return;
      cancel();
      const ms = this.#clock.now() - began;
      const isFine = outcome === 'closed' || outcome === 'left';
      onClosed(isFine ? { name, outcome, ms } : { name, outcome, ms, error });
      resolve();
    };
    const giveUp = (): void => {
      const ms = Math.round(this.#clock.now() - began);
      settle('hung', new DrainError('DRAIN_RESOURCE_HUNG', `resource '${name}' did not close within ${ms} ms`));
    };
    this.#closing.add(giveUp);
    const cancel = awaited ? this.#clock.setTimeout(giveUp, timeout) : (): void => {};
    let closing: unknown;
    try {
      closing = close();
    } catch (error) {
      settle('failed', error);
    }
    // A close that settles after it was given up still has its handlers, so that it is no unhandled rejection.
    Promise.resolve(closing).then(
      () => settle('closed'),
      (error: unknown) => settle('failed', error),
    );
    if (!awaited) settle('left');
    return promise;
  }

  #report(report: ResourceReport): void {
    this.#reports.push(report);
    this.#onClosed(report);
  }
}

/** Neighbours of one group together, all others by themselves. */
function groups(entries: readonly Entry[]): Entry[][] {
  const all: Entry[][] = [];
  let last: Entry | undefined;
  for (const entry of entries) {
    const isNeighbour = entry.group !== undefined && entry.group === last?.group;
    if (isNeighbour) all.at(-1)?.push(entry);
    else all.push([entry]);
    last = entry;
  }
  return all;
}
