import type { Closable } from './resources/closable.ts';
import { deferred } from './deferred.ts';
import { leave } from './departure.ts';
import { diagnose } from './doctor/doctor.ts';
import { DrainError } from './drain-error.ts';
import type { DrainEvent } from './drain-event.ts';
import { logEvent, writesErrors, type DrainLogger } from './drain-logger.ts';
import { DrainLoop, type LoopEffect } from './drain-loop.ts';
import { EXIT_MARGIN, type DrainPlan } from './plan/drain-plan.ts';
import type { Duration } from './plan/duration.ts';
import type { DrainReport } from './report/drain-report.ts';
import type { DrainSnapshot } from './metrics/drain-snapshot.ts';
import type { Drainable } from './drainable.ts';
import { DrainableSet } from './drainable-set.ts';
import { drainWarning } from './doctor/drain-warning.ts';
import { errorText } from './error-text.ts';
import { EventBus } from './event-bus.ts';
import { FlusherSet } from './flusher-set.ts';
import type { Cancel, Fault, Host } from './host.ts';
import { hasReached, type Phase } from './phase.ts';
import { QuietPeriod } from './work/quiet-period.ts';
import { LastWords } from './last-words.ts';
import { QuietWatch } from './quiet-watch.ts';
import { ReportBuilder } from './report/report-builder.ts';
import { ResourceStack, type EntryOptions, type Resource, type ResourceReport } from './resources/resource-stack.ts';
import { throwLater } from './throw-later.ts';
import { abortTrigger, faultTrigger, type Trigger } from './trigger.ts';
import { listenForTriggers } from './trigger-source.ts';

/** How long before the last moment the last resource is given up, in milliseconds, so that it is reported as what it is. */
const REPORT_MARGIN = 20;

/**
 * Runs a drain: feeds what happens to the machine and carries out what it says. Knows servers and jobs only as Drainables.
 * The one stateful part; what users hold is a `Drain`.
 *
 * Order: readiness 503 and the drain signal; the window; intake stops; in-flight work finishes, or is destroyed at the
 * deadline; the framework closes, then the resources, last registered first; the report; the process ends. Any number of
 * triggers makes one drain with one promise. A failure on the way is collected and stops nothing. Whatever happens, it is
 * over half a second before the grace period is.
 */
export class DrainCoordinator {
  readonly drainables: DrainableSet = new DrainableSet();
  readonly bus: EventBus = new EventBus((error, event) => this.#onListenerError(error, event));
  readonly quiet: QuietWatch;
  readonly lastWords: LastWords;
  readonly quietPeriod: QuietPeriod;
  readonly #onResource = (resource: ResourceReport): void => this.emit({ type: 'resource', resource });
  readonly #plan: DrainPlan;
  readonly #host: Host;
  readonly #logger: DrainLogger | undefined;
  readonly #loop: DrainLoop;
  readonly #resources: ResourceStack;
  readonly #record = new ReportBuilder();
  readonly #done = deferred<DrainReport>();
  readonly #ended = deferred<void>();
  readonly #begun = new AbortController();
  readonly #forced = new AbortController();
  #stopListening: Cancel = () => {};
  #release: Cancel = () => {};
  #phase: Phase = 'serving';
  #began: { readonly at: number; readonly date: Date } | undefined;
  #exitCode = 0;

  constructor(plan: DrainPlan, host: Host, logger: DrainLogger | undefined) {
    this.#plan = plan;
    this.#host = host;
    this.#logger = logger;
    this.quiet = new QuietWatch(plan, host.clock);
    this.quietPeriod = new QuietPeriod(plan, host.clock);
    this.#loop = new DrainLoop(plan, host.clock, (effect) => this.#run(effect));
    this.#resources = new ResourceStack(host.clock, plan.closeTimeout);
    this.lastWords = new LastWords(plan, host.clock, this.#onResource);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get signal(): AbortSignal {
    return this.#begun.signal;
  }

  get forceSignal(): AbortSignal {
    return this.#forced.signal;
  }

  get done(): Promise<DrainReport> {
    return this.#done.promise;
  }

  /** Fulfilled when there is nothing left to do but to let the process end. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** How things stand now. */
  snapshot(): DrainSnapshot {
    const { inFlight, openConnections, late: servedLate, refused, stalled } = this.drainables;
    const counts = { inFlight, openConnections, servedLate, refused, stalled };
    return { phase: this.#phase, ...counts, startedAt: this.#began?.date, elapsedMs: this.#elapsedMs };
  }

  /** Whether all is closed, and the process is ending. */
  get #isLeaving(): boolean {
    return this.#phase === 'closed' && this.#loop.state.exits;
  }

  /** Until the drain has to be over. */
  get #leftMs(): number {
    return this.#plan.gracePeriod - EXIT_MARGIN - this.#elapsedMs;
  }

  get #elapsedMs(): number {
    return this.#began === undefined ? 0 : this.#host.clock.now() - this.#began.at;
  }

  /**
   * Listens for what begins a drain from outside, until it is over.
   *
   * @param isReachable - whether anybody can send requests.
   */
  listen(isReachable: () => boolean): void {
    const onTrigger = (trigger: Trigger): void => this.trigger(trigger, isReachable());
    const onFault = (fault: Fault): void => {
      // An app that is told to go while it starts, and lets that pass, does what it was told.
      if (fault.error instanceof DrainError && fault.error.code === 'DRAIN_START_STOPPED') return;
      if (!writesErrors(this.#logger)) this.#host.printFault(fault);
      this.emit({ type: 'fault', fault });
      onTrigger(faultTrigger(fault));
    };
    this.#stopListening = listenForTriggers(this.#plan, this.#host, onTrigger, onFault);
  }

  /** What is disabled still closes when it is closed by hand, at once: what was registered must not be lost. */
  trigger(trigger: Trigger, reachable: boolean): void {
    const { enabled, exit } = this.#plan;
    const allowed = { ...trigger, window: trigger.window && enabled, exits: trigger.exits && enabled && exit };
    this.#loop.dispatch({ type: 'trigger', trigger: allowed, reachable });
  }

  abort(reason: string, code: number): void {
    this.#loop.dispatch({ type: 'abort', trigger: abortTrigger(reason), code });
  }

  /** Has the deadline pass now, where it has not yet. */
  hurry(): void {
    this.#loop.dispatch({ type: 'timer', timer: 'deadline' });
  }

  /** Registers what is to be closed. Where the process is ending already, it is closed at once, and ends the process then. */
  resource(name: string, closable: Closable, options?: EntryOptions): Resource {
    if (!this.#isLeaving) return this.#resources.register(name, closable, options);
    const late = new ResourceStack(this.#host.clock, this.#plan.closeTimeout);
    const resource = late.register(name, closable, options);
    const release = this.#host.hold();
    const until = this.#host.clock.now() + Math.min(this.#plan.closeTimeout, this.#leftMs);
    void late.close(until, this.#onResource).then(release);
    return resource;
  }

  /** Registers what is flushed last. Where the process is ending already, it is flushed at once. */
  flusher(name: string, flush: () => unknown, timeout: Duration): void {
    if (!this.#isLeaving) return this.lastWords.flushers.add(name, flush, timeout);
    const late = new FlusherSet(this.#host.clock);
    late.add(name, flush, timeout);
    late.run(Math.min(late.longestMs, this.#leftMs), this.#onResource, this.#host.hold());
  }

  /** Warns of what the doctor finds. @param keepAliveTimeouts - of each server. */
  examine(keepAliveTimeouts: readonly number[]): void {
    const facts = {
      ...this.#host.facts(Object.keys(this.#plan.signals)),
      env: this.#host.env,
      keepAliveTimeouts,
      resources: this.#resources.registered,
      handles: this.#host.activeHandles(),
    };
    for (const warning of diagnose(this.#plan, facts)) this.emit({ type: 'warning', warning });
  }

  add(drainable: Drainable): void {
    const isNew = this.drainables.add(drainable);
    // Nobody waits for it any more.
    if (isNew && hasReached(this.#phase, 'closing')) drainable.abort();
  }

  emit(event: DrainEvent): void {
    this.#record.add(event);
    try {
      if (this.#logger !== undefined) logEvent(this.#logger, this.#plan, event);
    } catch (error) {
      this.#host.printFault({ kind: 'uncaughtException', error });
    }
    this.bus.emit(event);
  }

  #run(effect: LoopEffect): void {
    switch (effect.type) {
      case 'begin':
        this.#began = { at: this.#host.clock.now(), date: this.#host.clock.date() };
        this.#release = this.#host.hold();
        return this.emit({ type: 'trigger', trigger: effect.trigger });
      case 'enter': {
        const { phase, previous } = effect;
        this.#phase = phase;
        const { inFlight } = this.drainables;
        return this.emit({ type: 'phase', phase, previous, inFlight, elapsedMs: this.#elapsedMs });
      }
      case 'announce':
        this.quietPeriod.begin();
        this.drainables.announce();
        return this.#begun.abort(new DrainError('DRAIN_DRAINING'));
      case 'listen':
        return this.quiet.start(
          () => this.drainables.lastRequestAt,
          () => this.#loop.dispatch({ type: 'quiet' }),
        );
      case 'refuse':
        this.quiet.stop();
        this.drainables.refuse();
        return void this.quietPeriod.drained(this.drainables).then(() => this.#loop.dispatch({ type: 'drained' }));
      case 'force':
        this.emit({ type: 'deadline', work: this.drainables.work() });
        this.drainables.force();
        return this.#forced.abort(new DrainError('DRAIN_DEADLINE'));
      case 'abort': {
        const work = this.drainables.work();
        this.drainables.abort();
        if (work.length > 0) this.emit({ type: 'destroyed', work });
        return;
      }
      case 'close':
        return void this.#close();
      case 'finish':
        return this.#finish();
      case 'leave':
        return this.#leave();
      case 'exit':
        return this.#host.exit(effect.code);
    }
  }

  async #close(): Promise<void> {
    const until = this.#host.clock.now() + this.#leftMs - REPORT_MARGIN - this.lastWords.longestMs;
    await this.#resources.close(until, this.#onResource);
    this.#loop.dispatch({ type: 'closed' });
  }

  #leave(): void {
    this.lastWords.say(this.#leftMs, () => {
      this.#release();
      this.#ended.resolve();
      leave(this.#host, this.#exitCode, (handles) => {
        this.#stopListening();
        this.emit({ type: 'lingering', handles });
      });
    });
  }

  #finish(): void {
    this.quiet.stop();
    this.#resources.abandon(this.#onResource);
    const { late: servedLate, refused, stalled } = this.drainables;
    const { probeFailures } = this.quiet;
    const counts = { servedLate, refused, stalled, probeFailures };
    const report = this.#record.build(this.#loop.state, this.#began?.date ?? new Date(0), counts);
    this.#exitCode = report.exitCode;
    const { exits, exitCode } = this.#loop.state;
    if (!exits || exitCode !== undefined) {
      this.#stopListening();
      this.#release();
    }
    this.emit({ type: 'report', report });
    this.#write(report);
    this.#done.resolve(report);
    if (!exits) this.lastWords.flush(this.#leftMs, () => this.#ended.resolve());
  }

  #write(report: DrainReport): void {
    const { report: target, silence } = this.#plan;
    if (target === false) return;
    try {
      this.#host.write(target, JSON.stringify(report));
    } catch (error) {
      const warning = drainWarning('report-not-written', `the report could not be written: ${errorText(error)}`);
      if (!silence.includes(warning.code)) this.emit({ type: 'warning', warning });
    }
  }

  /** What a listener throws is an uncaught exception; were it one for a listener to faults, it would come back for ever. */
  #onListenerError(error: unknown, event: DrainEvent): void {
    if (event.type === 'fault') this.#host.printFault({ kind: 'uncaughtException', error });
    else throwLater(error);
  }
}
