import { deferred } from './deferred.ts';
import { leave } from './departure.ts';
import { DrainError } from './drain-error.ts';
import type { DrainEvent, DrainEventOf, DrainEventType } from './drain-event.ts';
import { logEvent, type DrainLogger } from './drain-logger.ts';
import {
  SERVING,
  transition,
  type DrainEffect,
  type DrainInput,
  type DrainState,
  type DrainTimer,
} from './drain-machine.ts';
import type { DrainOptions } from './drain-options.ts';
import { EXIT_MARGIN, isHost, resolvePlan, type DrainPlan } from './drain-plan.ts';
import type { DrainReport } from './drain-report.ts';
import type { Drainable } from './drainable.ts';
import { DrainableSet } from './drainable-set.ts';
import { EventBus } from './event-bus.ts';
import { healthAnswer, type HealthAnswer, type HealthRoute } from './health.ts';
import type { Cancel, Fault, Host } from './host.ts';
import { hasReached, type Phase } from './phase.ts';
import { QuietWatch } from './quiet-watch.ts';
import { Readiness } from './readiness.ts';
import { ReportBuilder } from './report-builder.ts';
import { ResourceStack, type Closable, type Resource, type ResourceOptions } from './resource-stack.ts';
import { throwLater } from './throw-later.ts';
import { abortTrigger, callTrigger, closeTrigger, faultTrigger, type Trigger } from './trigger.ts';
import { listenForTriggers } from './trigger-source.ts';
import { WorkTracker, type Work } from './work-tracker.ts';

/** How long before the last moment the last resource is given up, in milliseconds, so that it is reported as what it is. */
const REPORT_MARGIN = 20;

/**
 * Runs a drain: feeds what happens to the machine and carries out what it says. Knows servers and jobs only as Drainables.
 *
 * Order: readiness 503 and the drain signal; the window; intake stops; in-flight work finishes, or is destroyed at the
 * deadline; the framework closes, then the resources, last registered first; the report; the process ends. Any number of
 * triggers makes one drain with one promise. A failure on the way is collected and stops nothing. Whatever happens, it is
 * over half a second before the grace period is.
 */
export class DrainCoordinator {
  readonly plan: DrainPlan;
  protected readonly host: Host;
  readonly #logger: DrainLogger | undefined;
  readonly #done = deferred<DrainReport>();
  readonly #begun = new AbortController();
  readonly #forced = new AbortController();
  readonly #bus = new EventBus((error, event) => this.#onListenerError(error, event));
  readonly #record = new ReportBuilder();
  readonly #readiness = new Readiness();
  readonly #quiet: QuietWatch;
  readonly #tracker: WorkTracker;
  readonly #resources: ResourceStack;
  readonly #drainables = new DrainableSet();
  readonly #timers = new Map<DrainTimer, Cancel>();
  readonly #inputs: DrainInput[] = [];
  readonly #cancels: Cancel[] = [];
  #state: DrainState = SERVING;
  #phase: Phase = 'serving';
  #began = { at: 0, date: new Date(0) };
  #dispatching = false;

  /**
   * Listens for triggers at once, so that a signal that comes while the app is still starting is not lost.
   *
   * @param host - time, signals and exit, unless `options.host` says otherwise.
   * @throws DrainError `DRAIN_OPTIONS_INVALID`, listing every problem.
   */
  constructor(options: DrainOptions, host: Host) {
    this.host = isHost(options?.host) ? options.host : host;
    const env = options?.env ?? this.host.env;
    this.plan = resolvePlan(options, typeof env === 'object' ? env : {});
    this.#logger = options.logger === false ? undefined : options.logger;
    this.#quiet = new QuietWatch(this.plan, this.host.clock);
    this.#tracker = new WorkTracker(this.host.clock);
    this.#resources = new ResourceStack(this.host.clock, this.plan.closeTimeout);
    this.#drainables.add(this.#tracker);
    if (this.plan.enabled) {
      const onTrigger = (trigger: Trigger): void => this.#trigger(trigger);
      this.#cancels.push(listenForTriggers(this.plan, this.host, onTrigger, (fault) => this.#onFault(fault)));
    }
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Units of work in flight: requests, and what `enter` and `track` were told of. */
  get inFlight(): number {
    return this.#drainables.inFlight;
  }

  /** Aborted when the drain begins, with a DrainError `DRAIN_DRAINING`. For one request, use the request's own signal. */
  get signal(): AbortSignal {
    return this.#begun.signal;
  }

  /** Aborted when the deadline passes with work in flight, with a DrainError `DRAIN_DEADLINE`. */
  get forceSignal(): AbortSignal {
    return this.#forced.signal;
  }

  /** Fulfilled with the report when the drain is over. Never rejects. */
  get done(): Promise<DrainReport> {
    return this.#done.promise;
  }

  /** Begins a drain, with the window, after which the process ends. In a drain that has begun it only returns the promise. */
  start(reason = 'start()'): Promise<DrainReport> {
    this.#trigger(callTrigger(reason));
    return this.done;
  }

  /**
   * Drains without the window and leaves the process alive: for tests, scripts, and frameworks that are closed by hand.
   * Ends the window of a drain that is announcing.
   */
  close(reason = 'close()'): Promise<DrainReport> {
    this.#trigger(closeTrigger(reason));
    return this.done;
  }

  /** A hard stop, for a process that must not go on: nothing is waited for, nothing is closed, the process ends with `code`. */
  abort(reason: string, code = 1): void {
    this.#dispatch({ type: 'abort', trigger: abortTrigger(reason), code });
  }

  /** Wants traffic (again). */
  ready(): void {
    this.#setReady(true, undefined);
  }

  /**
   * Turns readiness 503 without stopping anything. Said before any server listens, it also turns the startup route 503,
   * until `ready()`.
   */
  unready(reason?: string): void {
    this.#setReady(false, reason);
  }

  /**
   * Registers something to close when nothing is in flight any more. Last registered closes first, one at a time, each
   * within its own time; one that fails or hangs is reported and stops nothing. During a drain, it closes next; where the
   * process is ending already (a signal came while the app was starting), at once.
   *
   * @throws DrainError `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE`
   */
  resource(name: string, closable: Closable, options?: ResourceOptions): Resource {
    const isLeaving = this.#phase === 'closed' && this.#state.exits;
    if (!isLeaving) return this.#resources.register(name, closable, options);
    const late = new ResourceStack(this.host.clock, this.plan.closeTimeout);
    const resource = late.register(name, closable, options);
    const until = this.host.clock.now() + this.plan.closeTimeout;
    void late.close(until, (report) => this.#emit({ type: 'resource', resource: report }));
    return resource;
  }

  /** Registers the framework's own close, which runs before every resource and within the closeTimeout. For adapters. */
  framework(name: string, close: () => unknown): void {
    this.#resources.register(name, close, { first: true });
  }

  /** Counts a unit of work until it is left. @throws DrainError `DRAIN_WORK_REFUSED` once draining. */
  enter(name: string): Work {
    return this.#tracker.enter(name);
  }

  /** Counts work until it settles, and settles with it. Rejects with a DrainError `DRAIN_WORK_REFUSED` once draining. */
  async track<Value>(work: PromiseLike<Value> | (() => PromiseLike<Value> | Value), name = 'work'): Promise<Value> {
    const entered = this.#enterWith(work, name);
    try {
      return await (typeof work === 'function' ? work() : work);
    } finally {
      entered.leave();
    }
  }

  /** Calls `listener` for each event of one type. Returns how to stop that. */
  on<Type extends DrainEventType>(type: Type, listener: (event: DrainEventOf<Type>) => void): Cancel {
    return this.#bus.on(type, listener);
  }

  /** Drains one more Drainable, brought up to where the others are. Adding it again does nothing. */
  add(drainable: Drainable): void {
    const isNew = this.#drainables.add(drainable);
    // Nobody waits for it any more.
    if (isNew && hasReached(this.#phase, 'closing')) drainable.abort();
  }

  /** Forgets a Drainable. */
  remove(drainable: Drainable): void {
    this.#drainables.delete(drainable);
  }

  /** What a health route answers now. */
  health(route: HealthRoute): HealthAnswer {
    const { ready, started } = this.#readiness;
    const answer = healthAnswer(route, this.plan, { phase: this.#phase, ready, started });
    if (route === 'ready') this.#quiet.onProbe(answer.statusCode !== 200);
    return answer;
  }

  /** Whether anybody can send requests: a server listens. A drain that begins before needs no window. */
  protected get reachable(): boolean {
    return this.#drainables.reachable;
  }

  /** Work that has begun already, and is refused, must not end as an unhandled rejection: whoever began it is told. */
  #enterWith(work: unknown, name: string): Work {
    try {
      return this.enter(name);
    } catch (error) {
      if (typeof work !== 'function') Promise.resolve(work).catch(() => {});
      throw error;
    }
  }

  #setReady(ready: boolean, reason: string | undefined): void {
    const booting = this.#phase === 'serving' && !this.#drainables.reachable;
    if (this.#readiness.set(ready, booting)) this.#emit({ type: 'readiness', ready, reason });
  }

  #onFault(fault: Fault): void {
    if (this.#logger === undefined) this.host.printFault(fault);
    this.#emit({ type: 'fault', fault });
    this.#trigger(faultTrigger(fault));
  }

  /** What is disabled still closes when it is closed by hand, at once: what was registered must not be lost. */
  #trigger(trigger: Trigger): void {
    const { enabled, exit } = this.plan;
    const allowed = { ...trigger, window: trigger.window && enabled, exits: trigger.exits && enabled && exit };
    this.#dispatch({ type: 'trigger', trigger: allowed, reachable: this.reachable });
  }

  /** Effects can cause inputs; these wait for their turn, so that the machine sees one at a time. */
  #dispatch(input: DrainInput): void {
    this.#inputs.push(input);
    if (this.#dispatching) return;
    this.#dispatching = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const [state, effects] = transition(this.plan, this.#state, next);
      const begins = this.#state.trigger === undefined && state.trigger !== undefined;
      this.#state = state;
      if (begins && state.trigger !== undefined) this.#begin(state.trigger);
      for (const effect of effects) {
        try {
          this.#run(effect);
        } catch (error) {
          throwLater(error);
        }
      }
    }
    this.#dispatching = false;
    const { phase, exits, exitCode } = this.#state;
    if (phase === 'closed' && exits && exitCode !== undefined) this.host.exit(exitCode);
  }

  #begin(trigger: Trigger): void {
    this.#began = { at: this.host.clock.now(), date: this.host.clock.date() };
    this.#cancels.push(this.host.hold());
    this.#emit({ type: 'trigger', trigger });
  }

  #run(effect: DrainEffect): void {
    switch (effect.type) {
      case 'arm': {
        const { timer, ms } = effect;
        this.#timers.set(
          timer,
          this.host.clock.setTimeout(() => this.#dispatch({ type: 'timer', timer }), ms),
        );
        return;
      }
      case 'disarm':
        return this.#timers.get(effect.timer)?.();
      case 'enter': {
        const { phase, previous } = effect;
        this.#phase = phase;
        const elapsedMs = this.host.clock.now() - this.#began.at;
        return this.#emit({ type: 'phase', phase, previous, inFlight: this.inFlight, elapsedMs });
      }
      case 'announce':
        this.#drainables.announce();
        return this.#begun.abort(new DrainError('DRAIN_DRAINING'));
      case 'listen':
        return this.#quiet.start(
          () => this.#drainables.lastRequestAt,
          () => this.#dispatch({ type: 'quiet' }),
        );
      case 'refuse':
        this.#quiet.stop();
        this.#drainables.refuse();
        return void this.#drainables.drained().then(() => this.#dispatch({ type: 'drained' }));
      case 'force':
        this.#emit({ type: 'deadline', work: this.#drainables.work() });
        this.#drainables.force();
        return this.#forced.abort(new DrainError('DRAIN_DEADLINE'));
      case 'abort':
        return this.#abort();
      case 'close':
        return void this.#close();
      case 'finish':
        return this.#finish();
    }
  }

  #abort(): void {
    const work = this.#drainables.work();
    this.#drainables.abort();
    if (work.length > 0) this.#emit({ type: 'destroyed', work });
  }

  async #close(): Promise<void> {
    const until = this.#began.at + this.plan.gracePeriod - EXIT_MARGIN - REPORT_MARGIN;
    await this.#resources.close(until, (resource) => this.#emit({ type: 'resource', resource }));
    this.#dispatch({ type: 'closed' });
  }

  #finish(): void {
    this.#quiet.stop();
    this.#resources.abandon((resource) => this.#emit({ type: 'resource', resource }));
    const { late, refused, stalled } = this.#drainables;
    const { probeFailures } = this.#quiet;
    const report = this.#record.build(this.#state, this.#began.date, {
      servedLate: late,
      refused,
      stalled,
      probeFailures,
    });
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#emit({ type: 'report', report });
    this.#done.resolve(report);
    if (this.#state.exitCode === undefined && this.#state.exits) {
      leave(this.host, report.exitCode, (handles) => this.#emit({ type: 'lingering', handles }));
    }
  }

  #emit(event: DrainEvent): void {
    this.#record.add(event);
    try {
      if (this.#logger !== undefined) logEvent(this.#logger, this.plan, event);
    } catch (error) {
      this.host.printFault({ kind: 'uncaughtException', error });
    }
    this.#bus.emit(event);
  }

  /** What a listener throws is an uncaught exception; were it one for a listener to faults, it would come back for ever. */
  #onListenerError(error: unknown, event: DrainEvent): void {
    if (event.type === 'fault') this.host.printFault({ kind: 'uncaughtException', error });
    else throwLater(error);
  }
}
