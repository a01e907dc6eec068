import { healthRoute, type HealthRoute } from '../health/health.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import { pathOf, type Asked } from './http-answer.ts';

const SLASH = 47;

/** The paths of the health routes. Each request is compared with them, so nearly all are told apart by one letter. */
export class HealthPaths {
  readonly #plan: DrainPlan;
  readonly #prefix: string;
  /** Where the letter stands. */
  readonly #at: number;
  /** What the letter is in each of the paths; `NaN` in one that ends before. */
  readonly #letters: readonly number[];

  constructor(plan: DrainPlan, prefix: string) {
    this.#plan = plan;
    this.#prefix = prefix;
    this.#at = prefix.length + 1;
    const { healthPort, readyPath, livePath, startupPath } = plan;
    const paths = healthPort === false ? [readyPath, livePath, startupPath] : [];
    this.#letters = paths.filter((path) => path !== false).map((path) => path.charCodeAt(1));
  }

  /** The health route that a request is for, if any. */
  routeOf(request: Asked): HealthRoute | undefined {
    const { url = '/', originalUrl = url } = request as Asked & { readonly originalUrl?: string };
    const letters = this.#letters;
    // A target that is a whole URL has its path elsewhere; a path that is but a slash may be followed by a query.
    const isTold = originalUrl.charCodeAt(0) === SLASH && !letters.includes(NaN);
    if (isTold && !letters.includes(originalUrl.charCodeAt(this.#at))) return undefined;
    return healthRoute(this.#plan, this.#prefix, pathOf(request));
  }
}
