/**
 * The five phases of a drain, in the only order in which they happen.
 *
 * - `serving`: ready and live.
 * - `announcing`: readiness is 503, every request is still served, answers say `Connection: close`.
 * - `draining`: the listener is closed, in-flight work finishes.
 * - `closing`: the framework closes, then the registered resources, last registered first.
 * - `closed`: the report is written, the process may end.
 */
export const PHASES = ['serving', 'announcing', 'draining', 'closing', 'closed'] as const;

export type Phase = (typeof PHASES)[number];

/** Whether `phase` is `other` or comes after it. */
export function hasReached(phase: Phase, other: Phase): boolean {
  return PHASES.indexOf(phase) >= PHASES.indexOf(other);
}
