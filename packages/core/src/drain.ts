import type { Closable } from './resources/closable.ts';
import type { Component, ComponentOptions } from './components/component.ts';
import type { ComponentOwner } from './components/component-owner.ts';
import { ComponentSet } from './components/component-set.ts';
import { DrainCoordinator } from './drain-coordinator.ts';
import type { DrainEvent, DrainEventOf, DrainEventType } from './drain-event.ts';
import type { DrainOptions } from './plan/drain-options.ts';
import { isHost, resolvePlan, type DrainPlan } from './plan/drain-plan.ts';
import { drainPart, type PartOptions } from './drain-part.ts';
import type { DrainReport } from './report/drain-report.ts';
import type { DrainSnapshot } from './metrics/drain-snapshot.ts';
import type { Drainable } from './drainable.ts';
import { readExitCode } from './plan/argument.ts';
import type { Duration } from './plan/duration.ts';
import type { HealthAnswer, HealthRoute } from './health/health.ts';
import type { Check, CheckFunction, CheckOptions } from './health/health-check.ts';
import { HealthCheckSet } from './health/health-check-set.ts';
import { HealthMonitor } from './health/health-monitor.ts';
import type { Cancel, Host } from './host.ts';
import type { Phase } from './phase.ts';
import { startPoller, type PollContext, type Poller, type PollOptions } from './work/poller.ts';
import { Readiness } from './health/readiness.ts';
import { Replaceable, type ReplaceableOptions } from './replaceable.ts';
import type { Resource, ResourceOptions } from './resources/resource-stack.ts';
import { retry, type RetryOptions } from './work/retry.ts';
import { SleepSet } from './work/sleep-set.ts';
import { callTrigger, closeTrigger } from './trigger.ts';
import { WorkTracker, type Work } from './work/work-tracker.ts';
import { WorkerPool, type WorkerPoolOptions } from './work/worker-pool.ts';

/** A drain, as its users hold it: what begins it, what takes part in it, what is to be known of it. */
export class Drain {
  readonly plan: DrainPlan;
  protected readonly host: Host;
  readonly #coordinator: DrainCoordinator;
  readonly #tracker: WorkTracker;
  readonly #components: ComponentSet;
  readonly #sleeps: SleepSet;
  readonly #readiness: Readiness;
  readonly #checks: HealthCheckSet;
  readonly #health: HealthMonitor;

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
    this.#readiness = new Readiness(this.plan.healthPort === false);
    this.#coordinator = new DrainCoordinator(
      this.plan,
      this.host,
      options.logger === false ? undefined : options.logger,
    );
    this.#checks = new HealthCheckSet(this.host.clock, (check) => this.#coordinator.emit({ type: 'check', check }));
    this.#health = new HealthMonitor(this.plan, () => this.phase, this.#readiness, this.#checks);
    this.signal.addEventListener('abort', () => this.#checks.stop(), { once: true });
    this.#tracker = new WorkTracker(this.host.clock, this.#coordinator.quietPeriod);
    this.#components = new ComponentSet(this.#componentOwner());
    this.#sleeps = new SleepSet(this.host.clock, this.signal);
    this.#coordinator.add(this.#tracker);
    this.#coordinator.add(this.#components);
    if (this.plan.enabled) this.#coordinator.listen(() => this.reachable);
  }

  get phase(): Phase {
    return this.#coordinator.phase;
  }

  /** How things stand now, for metrics and the like: counts, connections, times. */
  snapshot(): DrainSnapshot {
    return this.#coordinator.snapshot();
  }

  /** Units of work in flight: requests, and what `enter` and `track` were told of. */
  get inFlight(): number {
    return this.#coordinator.drainables.inFlight;
  }

  /** Aborted when the drain begins, with a DrainError `DRAIN_DRAINING`. For one request, use the request's own signal. */
  get signal(): AbortSignal {
    return this.#coordinator.signal;
  }

  /** Aborted when the deadline passes with work in flight, with a DrainError `DRAIN_DEADLINE`. */
  get forceSignal(): AbortSignal {
    return this.#coordinator.forceSignal;
  }

  /** Fulfilled with the report when the drain is over. Never rejects. */
  get done(): Promise<DrainReport> {
    return this.#coordinator.done;
  }

  /** Fulfilled when the drain is over and, with `lastScrape`, its metrics are scraped. Never rejects. */
  protected get ended(): Promise<void> {
    return this.#coordinator.ended;
  }

  /**
   * Says that the metrics have been read to the end, for the option `lastScrape`. For those who serve them on a server that
   * outlives the drain; `healthServer.metrics()` says it itself.
   */
  scraped(): void {
    this.#coordinator.lastWords.scrape.onScraped();
  }

  /** Begins a drain, with the window, after which the process ends. In a drain that has begun it only returns the promise. */
  start(reason = 'start()'): Promise<DrainReport> {
    this.#coordinator.trigger(callTrigger(reason), this.reachable);
    return this.done;
  }

  /**
   * Drains without the window and leaves the process alive: for tests, scripts, and frameworks that are closed by hand.
   * Ends the window of a drain that is announcing.
   */
  close(reason = 'close()'): Promise<DrainReport> {
    this.#coordinator.trigger(closeTrigger(reason), this.reachable);
    return this.done;
  }

  /**
   * A hard stop, for a process that must not go on: nothing is waited for, nothing is closed, the process ends with `code`.
   *
   * @throws DrainError `DRAIN_ARGUMENT_INVALID` for a code that is not a whole number from 0 to 255
   */
  abort(reason: string, code = 1): void {
    readExitCode('the code of abort()', code);
    this.#coordinator.abort(reason, code);
  }

  /** Wants traffic (again); also says that a program without a server has started, where health has a port of its own. */
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
    return this.#coordinator.resource(name, closable, options);
  }

  /**
   * Registers what is flushed last: when the report is made, before the process ends, so that it holds what the drain itself
   * has logged, measured and traced: the SDK of OpenTelemetry, say. All at once, each within its own time (2 s by default),
   * which the resources do not get. One that fails or hangs is logged. After a second signal or `abort()` nothing is flushed.
   * Where the process is ending already, it is flushed at once.
   *
   * @throws DrainError `DRAIN_RESOURCE_INVALID`, `DRAIN_RESOURCE_TOO_LATE`
   */
  flusher(name: string, flush: () => unknown, { timeout = '2s' }: ResourceOptions = {}): void {
    this.#coordinator.flusher(name, flush, timeout);
  }

  /** Registers the framework's own close, which runs before every resource and within the closeTimeout. For adapters. */
  framework(name: string, close: () => unknown): void {
    this.#coordinator.resource(name, close, { first: true });
  }

  /**
   * Registers a part of the app that starts and stops with it. It starts when `startComponents` is called; one without
   * `start` runs already. When the drain begins it is quiesced; it closes in its place among the resources, which is that of
   * the moment at which it was started.
   *
   * @throws DrainError `DRAIN_COMPONENT_INVALID`, listing every problem; without `start`, those of `resource`.
   */
  component(options: ComponentOptions): Component {
    return this.#components.add(options);
  }

  /**
   * Starts the components that were registered and are not running: each after those it depends on, else in order of
   * registration, one at a time unless they are of one group. Where one fails to start, those that this call has started are
   * closed again, last started first, and it can be called again.
   *
   * A drain that begins meanwhile stops it, and closes what was started. The rejection with `DRAIN_START_STOPPED` need not be
   * caught: it is not taken for a fault.
   *
   * @throws DrainError (as a rejection) `DRAIN_COMPONENT_INVALID`, `DRAIN_START_FAILED`, `DRAIN_START_STOPPED`
   */
  startComponents(): Promise<void> {
    return this.#components.start();
  }

  /** Counts a unit of work until it is left. @throws DrainError `DRAIN_WORK_REFUSED` once draining. */
  enter(name: string): Work {
    return this.#tracker.enter(name);
  }

  /** Counts work until it settles, and settles with it. Rejects with a DrainError `DRAIN_WORK_REFUSED` once draining. */
  track<Value>(work: PromiseLike<Value> | (() => PromiseLike<Value> | Value), name = 'work'): Promise<Value> {
    return this.#tracker.track(work, name);
  }

  /**
   * A pool that runs tasks, so many at a time, and drains with the rest: it accepts tasks in the window, and refuses them
   * once draining.
   *
   * @throws DrainError `DRAIN_ARGUMENT_INVALID`
   */
  pool(name: string, options: WorkerPoolOptions): WorkerPool {
    const pool = new WorkerPool(name, options, this.host.clock, this.#coordinator.quietPeriod);
    this.add(pool);
    return pool;
  }

  /**
   * Drains one part, whether it was added or not, while the rest goes on: for a failover, a rebalance, a resize. It is told
   * as in a whole drain, without a window, and is forgotten. Its times are those of the plan unless the options say
   * otherwise. A drain that begins meanwhile waits for it until its own deadline, which is then the part's as well.
   *
   * Rejects with a DrainError `DRAIN_ARGUMENT_INVALID`, `DRAIN_RESOURCE_INVALID`; `DRAIN_WORK_REFUSED` once draining.
   */
  drainPart(name: string, part: Drainable, options: PartOptions = {}): Promise<DrainReport> {
    return this.track(() => this.#drainPart(name, part, options), `drain ${name}`);
  }

  /**
   * Opens something that can be replaced while the server goes on serving, and closes what is in use last in the drain, in the
   * place among the resources that it takes now. Its uses are waited for as other work is. Rejects as `open` does, with a
   * DrainError `DRAIN_ARGUMENT_INVALID`, and as `resource` throws.
   */
  replaceable<Value>(name: string, options: ReplaceableOptions<Value>): Promise<Replaceable<Value>> {
    const timeout = options.closeTimeout ?? this.plan.closeTimeout;
    return Replaceable.open(name, options, {
      clock: this.host.clock,
      track: (work, what) => this.track(work, what),
      drainPart: (...part) => this.#drainPart(...part),
      register: (replaceable) => {
        this.resource(name, () => replaceable.close(), { timeout });
        this.add(replaceable);
      },
    });
  }

  /**
   * Sleeps, and wakes early when the drain begins. Resolves to whether it slept to the end, which makes it the condition of a
   * loop: `while (await drain.sleep('1s')) …`. Does not count as work.
   *
   * @throws DrainError (as a rejection) `DRAIN_ARGUMENT_INVALID`
   */
  sleep(duration: Duration): Promise<boolean> {
    return this.#sleeps.sleep(duration);
  }

  /**
   * Runs `run` again and again until the drain begins, beginning now, one run at a time. Each run is in-flight work under
   * `name`; one that answers `true` is followed by the next at once. What follows when one fails is `onFailure`.
   *
   * @throws DrainError `DRAIN_ARGUMENT_INVALID`, `DRAIN_COMPONENT_INVALID`
   */
  poll(name: string, run: (context: PollContext) => unknown, options: PollOptions): Poller {
    const owner = { sleeps: this.#sleeps, tracker: this.#tracker, components: this.#components };
    return startPoller(owner, name, run, options);
  }

  /**
   * Calls `run` until it succeeds, waiting longer after each failure. The drain ends the waiting. Does not count as work.
   *
   * Rejects with a DrainError `DRAIN_DRAINING`, the last failure being its cause; where `tries` are used up, with that
   * failure itself.
   */
  retry<Value>(run: (attempt: number) => PromiseLike<Value> | Value, options: RetryOptions = {}): Promise<Value> {
    return retry(this.#sleeps, run, options);
  }

  /** Calls `listener` for each event of one type. Returns how to stop that. */
  on<Type extends DrainEventType>(type: Type, listener: (event: DrainEventOf<Type>) => void): Cancel {
    return this.#coordinator.bus.on(type, listener);
  }

  /** Calls `listener` for each event, of whatever type. Returns how to stop that. */
  onAny(listener: (event: DrainEvent) => void): Cancel {
    return this.#coordinator.bus.onAny(listener);
  }

  /** Drains one more Drainable, brought up to where the others are. Adding it again does nothing. */
  add(drainable: Drainable): void {
    this.#coordinator.add(drainable);
  }

  /** Forgets a Drainable. */
  remove(drainable: Drainable): void {
    this.#coordinator.drainables.delete(drainable);
  }

  /**
   * Has a health route depend on a check, which runs when somebody asks: once however many ask, and not at all while the last
   * result is fresh. Once a drain has begun no check is run any more.
   *
   * @throws DrainError `DRAIN_CHECK_INVALID`
   */
  check(name: string, check: CheckFunction, options: CheckOptions = {}): Check {
    return this.#checks.add(name, check, options);
  }

  /**
   * What a health route answers; a promise, which never rejects, only where a check has to run.
   *
   * @param isGone - whether whoever asks has left by now: a balancer that is not told does not know.
   */
  health(route: HealthRoute, isGone: () => boolean = () => false): HealthAnswer | Promise<HealthAnswer> {
    const answer = this.#health.answer(route);
    if (!(answer instanceof Promise)) return this.#tell(route, answer, isGone);
    if (route === 'ready') this.#coordinator.quiet.onProbe(false);
    return answer.then((settled) => this.#tell(route, settled, isGone));
  }

  #tell(route: HealthRoute, answer: HealthAnswer, isGone: () => boolean): HealthAnswer {
    if (route === 'ready' && !isGone()) this.#coordinator.quiet.onProbe(answer.statusCode !== 200);
    return answer;
  }

  /** Whether anybody can send requests: a server listens. A drain that begins before needs no window. */
  protected get reachable(): boolean {
    return this.#coordinator.drainables.reachable;
  }

  /** Warns of what the doctor finds, where there is to be a drain. For servers. @param keepAliveTimeouts - of each server, in milliseconds. */
  protected examine(keepAliveTimeouts: readonly number[]): void {
    if (this.plan.enabled && this.phase === 'serving') this.#coordinator.examine(keepAliveTimeouts);
  }

  /** A server listens. Until then a health server of its own says that the app is starting. */
  protected onListening(): void {
    this.#readiness.onListening();
  }

  async #drainPart(name: string, part: Drainable, options: PartOptions): Promise<DrainReport> {
    const { deadline, forceGrace, closeTimeout } = this.plan;
    const times = { deadline, forceGrace, closeTimeout };
    const drained = drainPart(name, part, this.host, { ...times, ...options }, this.forceSignal);
    this.remove(part);
    if (part instanceof WorkerPool) part.standAlone();
    const report = await drained;
    this.#coordinator.emit({ type: 'part', name, report });
    return report;
  }

  #componentOwner(): ComponentOwner {
    const coordinator = this.#coordinator;
    return {
      plan: this.plan,
      clock: this.host.clock,
      get phase() {
        return coordinator.phase;
      },
      register: (name, close, options) => coordinator.resource(name, close, options),
      emit: (component) => coordinator.emit({ type: 'component', component }),
      trigger: (trigger) => coordinator.trigger(trigger, this.reachable),
      onFailing: (component, failing, reason) => {
        const isChanged = failing ? this.#readiness.fail(component) : this.#readiness.recover(component);
        if (isChanged) coordinator.emit({ type: 'readiness', ready: !failing, reason });
      },
    };
  }

  #setReady(ready: boolean, reason: string | undefined): void {
    const booting = this.phase === 'serving' && !this.#coordinator.drainables.reachable;
    if (this.#readiness.set(ready, booting)) this.#coordinator.emit({ type: 'readiness', ready, reason });
  }
}
