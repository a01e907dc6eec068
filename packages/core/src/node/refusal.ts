import type { DrainPlan } from '../plan/drain-plan.ts';

/** Whether, once a drain has begun, requests are refused that are not for a health route. */
export function turnsAway({ refuseDuringWindow, lateRequests }: DrainPlan, isWindowOver: boolean): boolean {
  return refuseDuringWindow || (lateRequests === 'refuse' && isWindowOver);
}
