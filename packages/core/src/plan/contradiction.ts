import type { DrainPlan } from './drain-plan.ts';

/** What somebody has said of a plan, in code or in the environment. */
export type Said = Readonly<Partial<DrainPlan>>;

/** Options that cannot be had together. */
export function contradictions(plan: DrainPlan): string[] {
  const problems: string[] = [];
  if (plan.refuseDuringWindow && plan.lateRequests === 'serve') {
    problems.push(
      `refuseDuringWindow is true and lateRequests is 'serve'; what is refused early cannot be served late`,
    );
  }
  if (plan.quietPeriod > 0 && plan.quietPeriod >= plan.deadline) {
    problems.push(
      `quietPeriod (${plan.quietPeriod}) is not shorter than the deadline (${plan.deadline}), so that no drain could be in time; ` +
        `shorten the one, or raise the other`,
    );
  }
  if (plan.windowMin > plan.window) {
    problems.push(
      `window.min (${plan.windowMin}) is longer than the window (${plan.window}); shorten the one, or raise the other`,
    );
  }
  const paths = [plan.readyPath, plan.livePath, plan.startupPath].filter((path) => typeof path === 'string');
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined)
    problems.push(`two health routes share the path '${twice}'; give each its own, or set one to false`);
  return problems;
}

/** Options that were said and that nothing would come of. */
export function ignoredOptions(plan: DrainPlan, said: Said): string[] {
  const problems: string[] = [];
  if (said.healthHost !== undefined && plan.healthPort === false) {
    problems.push(
      `health.host is '${said.healthHost}' and health.port is false, so that nothing listens there; set health.port, or leave ` +
        `health.host out`,
    );
  }
  if (plan.windowMin === plan.window) {
    for (const [option, value] of [
      ['window.quiet', said.windowQuiet],
      ['window.probeFailures', said.windowProbeFailures],
    ] as const) {
      if (value === undefined) continue;
      problems.push(
        `${option} is ${value} and the window (${plan.window}) does not end early; set a window.min that is shorter, or leave ` +
          `${option} out`,
      );
    }
  } else if (plan.readiness !== 'at-signal' && (said.windowProbeFailures ?? 0) > 0) {
    problems.push(
      `window.probeFailures is ${said.windowProbeFailures} and readiness is '${plan.readiness}', so that no probe fails in the ` +
        `window; set readiness to 'at-signal', or window.probeFailures to 0`,
    );
  }
  return problems;
}
