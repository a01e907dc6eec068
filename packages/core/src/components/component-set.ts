import type { Component, ComponentOptions, ComponentStep } from './component.ts';
import { orderProblems, startOrder } from './component-order.ts';
import type { ComponentOwner } from './component-owner.ts';
import { rollBack, startError, type ComponentFailure } from './component-rollback.ts';
import { ComponentUnit, type ComponentListener } from './component-unit.ts';
import { DrainError } from '../drain-error.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { hasReached } from '../phase.ts';
import { failureText, failureTrigger } from '../trigger.ts';
import { WorkTracker, type Work } from '../work/work-tracker.ts';

/**
 * The components of an app: started in order, rolled back where one fails to start, quiesced all at once when the drain
 * begins. A component that is started takes its place among the resources, so that it closes before what it was built on.
 */
export class ComponentSet implements Drainable, ComponentListener {
  readonly name = 'components';
  readonly #owner: ComponentOwner;
  readonly #units = new Set<ComponentUnit>();
  /** What is starting, quiescing or being rolled back. */
  readonly #steps: WorkTracker;
  readonly #stopping = new AbortController();
  readonly #forced = new AbortController();
  /** Since when each of those that have failed has. */
  readonly #failingSince = new Map<ComponentUnit, number>();
  #starting: Promise<void> = Promise.resolve();
  #aborted = false;

  constructor(owner: ComponentOwner) {
    this.#owner = owner;
    this.#steps = new WorkTracker(owner.clock);
  }

  /** @throws DrainError `DRAIN_COMPONENT_INVALID`, `DRAIN_RESOURCE_TOO_LATE` */
  add(options: ComponentOptions): Component {
    const unit = new ComponentUnit(options, this);
    if (!unit.hasStart) this.#onRunning(unit, undefined);
    unit.isPlaced = !unit.hasStart && unit.dependsOn.length === 0;
    this.#units.add(unit);
    return unit;
  }

  /**
   * Starts those that wait, in order. One that fails ends it: what this call has started is closed again, in reverse order.
   *
   * Rejects with a DrainError: `DRAIN_COMPONENT_INVALID`, nothing having been started; `DRAIN_START_FAILED`;
   * `DRAIN_START_STOPPED` where a drain begins, which closes what was started.
   */
  start(): Promise<void> {
    const run = this.#starting.then(() => this.#startAll());
    this.#starting = run.catch(() => {});
    return run;
  }

  get inFlight(): number {
    return this.#steps.inFlight;
  }

  work(): WorkItem[] {
    return this.#steps.work();
  }

  announce(): void {
    this.#stopping.abort(new DrainError('DRAIN_DRAINING'));
    for (const unit of this.#units) if (unit.state === 'running') void this.#quiesce(unit);
  }

  refuse(): void {}

  drained(): Promise<void> {
    return this.#steps.drained();
  }

  force(): void {
    this.#forced.abort(new DrainError('DRAIN_DEADLINE'));
  }

  abort(): void {
    this.#aborted = true;
    this.#steps.abort();
  }

  async #startAll(): Promise<void> {
    const problems = orderProblems([...this.#units]);
    if (problems.length > 0) {
      const list = problems.map((text) => `  - ${text}`).join('\n');
      throw new DrainError('DRAIN_COMPONENT_INVALID', `components cannot be started:\n${list}\n`);
    }
    const started: ComponentUnit[] = [];
    for (const together of startOrder([...this.#units].filter(({ isPlaced }) => !isPlaced))) {
      if (this.#stopping.signal.aborted) throw new DrainError('DRAIN_START_STOPPED');
      const failures = await this.#startTogether(together);
      started.push(...together.filter((unit) => unit.hasStart && unit.state === 'running'));
      const [first, ...others] = failures;
      if (first === undefined) continue;
      if (this.#stopping.signal.aborted) throw new DrainError('DRAIN_START_STOPPED', undefined, { cause: first.error });
      throw startError(first, others, await this.#rollBack(started));
    }
    if (this.#stopping.signal.aborted) throw new DrainError('DRAIN_START_STOPPED');
  }

  /** Starts a group. Where one fails to start, the others are told to stop trying. */
  async #startTogether(units: readonly ComponentUnit[]): Promise<readonly ComponentFailure[]> {
    const group = {};
    const others = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, others.signal]);
    const starting = units.map(async (unit) => {
      const failure = await this.#startOne(unit, group, signal);
      if (failure !== undefined) others.abort(startError(failure, [], []));
      return failure;
    });
    const failures = (await Promise.all(starting)).filter((failure) => failure !== undefined);
    return failures.filter(({ error }) => error !== others.signal.reason);
  }

  /** Counts a step that is under way, while anybody waits for it. */
  #enter(step: string): Work | undefined {
    return this.#aborted ? undefined : this.#steps.enter(step);
  }

  async #startOne(unit: ComponentUnit, group: object, signal: AbortSignal): Promise<ComponentFailure | undefined> {
    if (!unit.hasStart) {
      // It runs already; now it also stands above what it depends on.
      unit.resource?.forget();
      this.#register(unit, group);
      unit.isPlaced = true;
      return undefined;
    }
    using _work = this.#enter(`start ${unit.name}`);
    const began = this.#owner.clock.now();
    unit.state = 'starting';
    try {
      await unit.start(signal);
    } catch (error) {
      unit.state = 'waiting';
      this.#emit(unit.name, 'start', began, { error });
      return { name: unit.name, error };
    }
    this.#emit(unit.name, 'start', began);
    unit.isPlaced = true;
    this.#onRunning(unit, group);
    return undefined;
  }

  #onRunning(unit: ComponentUnit, group: object | undefined): void {
    unit.state = 'running';
    this.#register(unit, group);
    const isQuiescing = this.#stopping.signal.aborted && !hasReached(this.#owner.phase, 'closing');
    if (isQuiescing) void this.#quiesce(unit);
  }

  /** Takes its place among what is to be closed. Where everything is closed already, it is closed at once. */
  #register(unit: ComponentUnit, group: object | undefined): void {
    if (!unit.hasClose) return;
    // One that is late has not been quiesced: nobody waits for that any more.
    const close = hasReached(this.#owner.phase, 'closing')
      ? (): unknown => this.#stop(unit)
      : (): unknown => unit.close();
    try {
      unit.resource = this.#owner.register(unit.name, close, { ...unit.stopTime, group });
    } catch (error) {
      if (!unit.hasStart) throw error;
      void this.#rollBack([unit]);
    }
  }

  async #quiesce(unit: ComponentUnit): Promise<void> {
    if (!unit.hasQuiesce) return;
    using _work = this.#enter(`quiesce ${unit.name}`);
    const began = this.#owner.clock.now();
    try {
      await unit.quiesce({ signal: this.#forced.signal });
      this.#emit(unit.name, 'quiesce', began);
    } catch (error) {
      this.#emit(unit.name, 'quiesce', began, { error });
    }
  }

  async #stop(unit: ComponentUnit): Promise<void> {
    await this.#quiesce(unit);
    await unit.close();
  }

  async #rollBack(started: readonly ComponentUnit[]): Promise<readonly ComponentFailure[]> {
    using _work = this.#enter(`roll back ${started.map(({ name }) => name).join(', ')}`);
    return await rollBack(started, this.#owner, (unit) => this.#stop(unit));
  }

  /** What follows is the component's policy. */
  onFailing(unit: ComponentUnit, failing: boolean, error: unknown): void {
    const { name, policy } = unit;
    const began = this.#failingSince.get(unit) ?? this.#owner.clock.now();
    if (failing) this.#failingSince.set(unit, began);
    else this.#failingSince.delete(unit);
    this.#emit(name, failing ? 'failure' : 'recovery', began, failing ? { error } : undefined);
    if (policy === 'unready') {
      this.#owner.onFailing(unit, failing, failing ? failureText(name, error) : `component '${name}' recovered`);
    }
    if (policy === 'drain' && failing && this.#owner.phase === 'serving') {
      this.#owner.trigger(failureTrigger(name, error));
    }
  }

  onForgotten(unit: ComponentUnit): void {
    this.#units.delete(unit);
  }

  #emit(name: string, step: ComponentStep['step'], began: number, failure?: { readonly error: unknown }): void {
    const ms = this.#owner.clock.now() - began;
    const outcome = failure === undefined ? 'done' : 'failed';
    this.#owner.emit({ name, step, outcome, ms, ...failure });
  }
}
