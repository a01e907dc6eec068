import type { DrainPlan } from './drain-plan.ts';

/** How long before the end of the grace period the drain is over, in milliseconds; the process is gone at the latest half of it later. */
export const EXIT_MARGIN = 500;

/** The shortest deadline, in milliseconds, that follows from the other budgets: a shorter one has to be said. */
export const SHORTEST_DEFAULT_DEADLINE = 1_000;

/** What a plan gives its phases, in milliseconds. */
export type Budget = Pick<DrainPlan, 'window' | 'forceGrace' | 'closeTimeout' | 'lastScrape' | 'gracePeriod'>;

/** What the grace period leaves for in-flight work. */
export function leftForWork({ window, forceGrace, closeTimeout, lastScrape, gracePeriod }: Budget): number {
  return gracePeriod - window - forceGrace - closeTimeout - lastScrape - EXIT_MARGIN;
}

/**
 * What is wrong with a budget that does not fit the grace period, with the sum that shows it.
 *
 * @param deadline - where one was said.
 */
export function budgetProblems(budget: Budget, deadline: number | undefined): string[] {
  const { window, forceGrace, closeTimeout, lastScrape, gracePeriod } = budget;
  const left = leftForWork(budget) - (deadline ?? 0);
  const missing = (deadline === undefined ? SHORTEST_DEFAULT_DEADLINE : 0) - left;
  if (missing <= 0) return [];
  const parts = { window, deadline, forceGrace, closeTimeout, lastScrape: lastScrape > 0 ? lastScrape : undefined };
  const shown = Object.entries(parts).flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} (${ms})`]));
  const result =
    left < 0
      ? `more than gracePeriod (${gracePeriod})`
      : `which leaves a deadline of ${left} ms of gracePeriod (${gracePeriod}), less than ${SHORTEST_DEFAULT_DEADLINE}`;
  return [
    `${shown.join(' + ')} + ${EXIT_MARGIN} to exit = ${gracePeriod - left} ms, ${result}; shorten one of them by ${missing} ms ` +
      `in all, or raise gracePeriod together with the platform's own${left < 0 ? '' : ', or set the deadline that is meant'}`,
  ];
}
