import { DrainError } from '../drain-error.ts';
import { HealthCheck, type Check, type CheckFunction, type CheckOptions, type CheckResult } from './health-check.ts';
import type { HealthRoute } from './health.ts';
import type { Clock } from '../host.ts';

/** The checks of a drain: which of them a route depends on, and what came of these. */
export class HealthCheckSet {
  readonly #clock: Clock;
  readonly #onChange: (result: CheckResult) => void;
  readonly #checks = new Map<string, HealthCheck>();
  /** What has last been told of a check; one that has told nothing passes. */
  readonly #told = new Map<HealthCheck, CheckResult['status']>();
  /** Startup checks that have passed. */
  readonly #started = new Set<HealthCheck>();

  /** @param onChange - told of the first failure of a check, and of the first pass after it, not of each run. */
  constructor(clock: Clock, onChange: (result: CheckResult) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** @throws DrainError `DRAIN_CHECK_INVALID` */
  add(name: string, run: CheckFunction, options: CheckOptions): Check {
    const check = new HealthCheck(name, run, options, this.#clock);
    if (this.#checks.has(name))
      throw new DrainError('DRAIN_CHECK_INVALID', `a check was registered under '${name}', which there is already`);
    this.#checks.set(name, check);
    return {
      name,
      forget: () => {
        if (this.#checks.get(name) === check) this.#checks.delete(name);
      },
    };
  }

  /**
   * The results of all checks that a route depends on, run at the same time; a promise only where one has to run. `undefined`
   * where there are none.
   */
  results(route: HealthRoute): readonly CheckResult[] | Promise<readonly CheckResult[]> | undefined {
    if (this.#checks.size === 0) return undefined;
    const checks = Array.from(this.#checks.values()).filter((check) => this.#concerns(check, route));
    if (checks.length === 0) return undefined;
    const results = checks.map((check) => this.#resultOf(check));
    if (results.every((result): result is CheckResult => !(result instanceof Promise))) return results;
    return Promise.all(results.map(async (result) => result));
  }

  /** Has every run that is under way fail now, so that nobody waits for it. */
  stop(): void {
    for (const check of this.#checks.values()) check.stop();
  }

  /** Readiness waits for the startup checks, too, where nobody asks for the startup route. */
  #concerns(check: HealthCheck, route: HealthRoute): boolean {
    if (check.affects === 'startup') return route !== 'live' && !this.#started.has(check);
    return route === check.affects || (route === 'ready' && check.affects === 'none');
  }

  #resultOf(check: HealthCheck): CheckResult | Promise<CheckResult> {
    const result = check.result();
    if (!(result instanceof Promise)) return result;
    return result.then((settled) => {
      this.#tell(check, settled);
      return settled;
    });
  }

  /** Everybody who waited for the run comes here with its result: the first tells. */
  #tell(check: HealthCheck, result: CheckResult): void {
    if (check.affects === 'startup' && result.status === 'pass') this.#started.add(check);
    if (result.status === (this.#told.get(check) ?? 'pass')) return;
    // A run that the drain has stopped says nothing of what it looked at.
    if (result.error instanceof DrainError && result.error.code === 'DRAIN_DRAINING') return;
    this.#told.set(check, result.status);
    this.#onChange(result);
  }
}
