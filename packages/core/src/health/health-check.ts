import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import { show } from '../plan/drain-plan.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';
import { noOption } from '../plan/nearest.ts';

/** Looks whether something works. Fails by throwing, rejecting, or giving `false`; the signal aborts when its time is up, and when a drain begins. */
export type CheckFunction = (signal: AbortSignal) => unknown;

export interface CheckOptions {
  /**
   * How long it may take until it counts as failed: milliseconds or `'800ms'`. An answer waits no longer than that.
   * Kubernetes gives up a probe after 1 s. @default '800ms'
   */
  readonly timeout?: Duration;
  /** For how long a result is good: milliseconds or `'1s'`. @default '1s' */
  readonly cache?: Duration;
  /**
   * Which route turns 503 when it fails: readiness; liveness, which has the process restarted; the startup route, until the
   * check has passed once; or `'none'`, for one that is shown and logged and does no more. @default 'ready'
   */
  readonly affects?: CheckAffects;
}

export type CheckAffects = (typeof AFFECTS)[number];

const OPTIONS: readonly string[] = ['timeout', 'cache', 'affects'] satisfies (keyof CheckOptions)[];

const AFFECTS = ['ready', 'live', 'startup', 'none'] as const;

/** A registered check. */
export interface Check {
  readonly name: string;
  /** Does not check any more. */
  forget(): void;
}

/** What came of one run of a check. */
export interface CheckResult {
  readonly name: string;
  readonly affects: CheckAffects;
  readonly status: 'pass' | 'fail';
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** When that was. */
  readonly at: Date;
  /** What it threw or rejected with; a DrainError `DRAIN_CHECK_FAILED` for one that gave `false`, `DRAIN_CHECK_TIMEOUT` for one that took too long. */
  readonly error?: unknown;
}

/**
 * One check: it runs when somebody asks and the last result is too old, once however many ask at the same time, and never a
 * second time before it has settled. One that goes on after its time is up counts as failed until it settles.
 */
export class HealthCheck {
  readonly name: string;
  readonly affects: CheckAffects;
  readonly #check: CheckFunction;
  readonly #timeout: number;
  readonly #cache: number;
  readonly #clock: Clock;
  #last: { readonly result: CheckResult; readonly at: number } | undefined;
  #waiting: Promise<CheckResult> | undefined;
  #isBusy = false;
  #giveUp: (reason: DrainError) => void = () => {};

  /** @throws DrainError `DRAIN_CHECK_INVALID` */
  constructor(name: string, check: CheckFunction, options: CheckOptions, clock: Clock) {
    if (typeof options !== 'object' || options === null) throw invalid(name, `has the options ${show(options)}`);
    const { timeout = 800, cache = 1_000, affects = 'ready' } = options;
    this.name = name;
    this.affects = affects;
    this.#check = check;
    this.#timeout = durationOf(name, 'timeout', timeout);
    this.#cache = durationOf(name, 'cache', cache);
    this.#clock = clock;
    // The Health Check Response Format has the colon between the name and what is measured.
    if (typeof name !== 'string' || name === '' || name.includes(':'))
      throw new DrainError('DRAIN_CHECK_INVALID', `a check was registered under ${JSON.stringify(name)}; no name`);
    if (typeof check !== 'function') throw invalid(name, 'has no function');
    const unknown = Object.keys(options).filter((option) => !OPTIONS.includes(option));
    if (unknown.length > 0)
      throw invalid(name, `cannot be used: ${unknown.map((option) => noOption(option, OPTIONS)).join('; ')}`);
    if (!AFFECTS.includes(affects)) throw invalid(name, `affects '${affects}'; allowed: ${AFFECTS.join(', ')}`);
  }

  /** The last result. */
  get last(): CheckResult | undefined {
    return this.#last?.result;
  }

  /** A result that is fresh enough, or what will be one within the timeout. Never rejects. */
  result(): CheckResult | Promise<CheckResult> {
    const { result, at } = this.#last ?? {};
    if (this.#waiting !== undefined) return this.#waiting;
    if (result !== undefined && at !== undefined && (this.#isBusy || this.#clock.now() - at < this.#cache))
      return result;
    this.#waiting = this.#run();
    return this.#waiting;
  }

  /** Has a run that is under way fail now. */
  stop(): void {
    this.#giveUp(new DrainError('DRAIN_DRAINING'));
  }

  #run(): Promise<CheckResult> {
    const { promise, resolve } = deferred<CheckResult>();
    const began = this.#clock.now();
    const at = this.#clock.date();
    const controller = new AbortController();
    const settle = (status: CheckResult['status'], error?: unknown): void => {
      if (this.#giveUp !== giveUp) return;
      this.#giveUp = () => {};
      cancel();
      const { name, affects } = this;
      const now = this.#clock.now();
      const result = { name, affects, status, ms: now - began, at };
      this.#last = { result: status === 'pass' ? result : { ...result, error }, at: now };
      this.#waiting = undefined;
      resolve(this.#last.result);
    };
    const giveUp = (reason: DrainError): void => {
      settle('fail', reason);
      controller.abort(reason);
    };
    this.#giveUp = giveUp;
    this.#isBusy = true;
    const onTime = (): void => giveUp(new DrainError('DRAIN_CHECK_TIMEOUT', `check '${this.name}' took too long`));
    const cancel = this.#clock.setTimeout(onTime, this.#timeout, { ref: false });
    new Promise((done) => done(this.#check(controller.signal)))
      .then(
        (value) => (value === false ? settle('fail', new DrainError('DRAIN_CHECK_FAILED')) : settle('pass')),
        (error: unknown) => settle('fail', error),
      )
      .finally(() => (this.#isBusy = false));
    return promise;
  }
}

function durationOf(name: string, option: string, value: unknown): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw invalid(name, `has the ${option} ${String(value)}; allowed: ${DURATION_FORM}`);
  return ms;
}

function invalid(name: string, problem: string): DrainError {
  return new DrainError('DRAIN_CHECK_INVALID', `check '${name}' ${problem}`);
}
