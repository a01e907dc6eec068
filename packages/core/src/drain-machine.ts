import { EXIT_MARGIN, type DrainPlan } from './plan/drain-plan.ts';
import type { Phase } from './phase.ts';
import type { Trigger } from './trigger.ts';

/** The timers of a drain. Each is armed once. */
export type DrainTimer = 'window' | 'deadline' | 'force-grace' | 'grace-period';

/**
 * - `elapsed`: it lasted as long as it may
 * - `quiet`: nobody sent requests any more
 * - `cut-short`: a trigger without a window came, or the drain was ended by force
 * - `skipped`: the drain began without one
 */
export type WindowEnd = 'elapsed' | 'quiet' | 'cut-short' | 'skipped';

/** Where a drain is. */
export interface DrainState {
  readonly phase: Phase;
  /** What began the drain; `undefined` while serving. */
  readonly trigger: Trigger | undefined;
  /** Whether a signal has been seen: the next one exits at once. */
  readonly signalled: boolean;
  /** Whether any trigger wants the process to end. */
  readonly exits: boolean;
  /** Why the window ended. */
  readonly windowEnd: WindowEnd | undefined;
  /** Whether the deadline has passed with work in flight. */
  readonly timedOut: boolean;
  /** Whether the grace period ended before everything was closed, or somebody ended the drain by force. */
  readonly forced: boolean;
  /** Whether an error that nobody caught began the drain or came during it, or a component that failed began it. */
  readonly faulted: boolean;
  /** The code with which the process is to end at once; `undefined` where it ends by itself. */
  readonly exitCode: number | undefined;
}

/** What can happen to a drain. */
export type DrainInput =
  /** `reachable`: whether a server listens, so that there is anybody to announce the drain to. */
  | { readonly type: 'trigger'; readonly trigger: Trigger; readonly reachable: boolean }
  | { readonly type: 'timer'; readonly timer: DrainTimer }
  /** The load balancers have noticed: nobody sends requests any more. */
  | { readonly type: 'quiet' }
  /** Nothing is in flight any more. */
  | { readonly type: 'drained' }
  /** The framework and every resource is closed, or has been given up. */
  | { readonly type: 'closed' }
  /** A hard stop: end the process with `code`. */
  | { readonly type: 'abort'; readonly trigger: Trigger; readonly code: number };

/** What is to be done, in this order. */
export type DrainEffect =
  /** The drain has begun: note the time, tell the world. */
  | { readonly type: 'begin'; readonly trigger: Trigger }
  | { readonly type: 'arm'; readonly timer: DrainTimer; readonly ms: number }
  | { readonly type: 'disarm'; readonly timer: DrainTimer }
  /** Tell the world that a phase was entered. */
  | { readonly type: 'enter'; readonly phase: Phase; readonly previous: Phase }
  /** Fire the drain signal, tell the peers. */
  | { readonly type: 'announce' }
  /** Say when the load balancers have noticed. */
  | { readonly type: 'listen' }
  /** Close the listener, take on nothing new, say when nothing is in flight. */
  | { readonly type: 'refuse' }
  /** Fire the force signal. */
  | { readonly type: 'force' }
  /** Destroy what is in flight. */
  | { readonly type: 'abort' }
  /** Close the framework, then the resources. */
  | { readonly type: 'close' }
  /** Write the report. */
  | { readonly type: 'finish' }
  /** Let the process end by itself. */
  | { readonly type: 'leave' }
  /** End the process now. */
  | { readonly type: 'exit'; readonly code: number };

export const SERVING: DrainState = Object.freeze({
  phase: 'serving',
  trigger: undefined,
  signalled: false,
  exits: false,
  windowEnd: undefined,
  timedOut: false,
  forced: false,
  faulted: false,
  exitCode: undefined,
});

type Step = readonly [state: DrainState, effects: readonly DrainEffect[]];

/**
 * The whole order of a drain, as a pure function: total (every input in every state has an answer) and monotonic (a phase
 * is never left for an earlier one).
 */
export function transition(plan: DrainPlan, state: DrainState, input: DrainInput): Step {
  switch (input.type) {
    case 'trigger':
      return onTrigger(plan, state, input.trigger, input.reachable);
    case 'timer':
      return onTimer(plan, state, input.timer);
    case 'quiet':
      if (state.phase !== 'announcing') return [state, []];
      return refuse(plan, { ...state, windowEnd: 'quiet' }, [{ type: 'disarm', timer: 'window' }]);
    case 'drained':
      return state.phase === 'draining' ? close(state, []) : [state, []];
    case 'closed':
      return state.phase === 'closing' ? finish(state, []) : [state, []];
    case 'abort':
      if (state.phase === 'closed') return exitNow(state, input.code);
      return exit(
        { ...state, trigger: state.trigger ?? input.trigger, exits: true },
        input.code,
        state.trigger === undefined ? [{ type: 'begin', trigger: input.trigger }] : [],
      );
  }
}

function onTrigger(plan: DrainPlan, before: DrainState, trigger: Trigger, reachable: boolean): Step {
  const isSignal = trigger.signalNumber !== undefined;
  const state: DrainState = {
    ...before,
    trigger: before.trigger ?? trigger,
    signalled: before.signalled || isSignal,
    exits: before.exits || trigger.exits,
    faulted: before.faulted || trigger.kind === 'fault' || trigger.kind === 'failure',
  };
  if (before.phase === 'closed') return onTriggerWhenClosed(before, trigger);
  if (isSignal && before.signalled) return exit(state, 128 + trigger.signalNumber);
  // A fault in a drain is remembered, and the drain goes on.
  if (state.phase === 'announcing' && !trigger.window && trigger.kind !== 'fault')
    return refuse(plan, { ...state, windowEnd: 'cut-short' }, [{ type: 'disarm', timer: 'window' }]);
  if (state.phase !== 'serving') return [state, []];

  const effects: DrainEffect[] = [
    { type: 'begin', trigger },
    { type: 'arm', timer: 'grace-period', ms: Math.max(0, plan.gracePeriod - EXIT_MARGIN) },
  ];
  const announcing = enter(state, 'announcing', effects);
  effects.push({ type: 'announce' });
  if (!trigger.window || !reachable || plan.window === 0) {
    return refuse(plan, { ...announcing, windowEnd: 'skipped' }, effects);
  }
  effects.push({ type: 'arm', timer: 'window', ms: plan.window });
  if (plan.windowMin < plan.window) effects.push({ type: 'listen' });
  return [announcing, effects];
}

/** When all is closed, what tells of the drain is still being flushed and scraped. A second signal does not wait for that. */
function onTriggerWhenClosed(state: DrainState, { signalNumber }: Trigger): Step {
  if (!state.exits || state.exitCode !== undefined) return [state, []];
  if (signalNumber !== undefined && state.signalled) return exitNow(state, 128 + signalNumber);
  return [{ ...state, signalled: state.signalled || signalNumber !== undefined }, []];
}

/** All is closed and reported: there is only the process to end. */
function exitNow(state: DrainState, code: number): Step {
  if (state.exitCode !== undefined) return [state, []];
  return [{ ...state, exits: true, exitCode: code }, [{ type: 'exit', code }]];
}

function onTimer(plan: DrainPlan, state: DrainState, timer: DrainTimer): Step {
  if (timer === 'grace-period' && state.phase !== 'serving' && state.phase !== 'closed') {
    return finish({ ...state, forced: true }, [{ type: 'abort' }]);
  }
  if (timer === 'window' && state.phase === 'announcing') return refuse(plan, { ...state, windowEnd: 'elapsed' }, []);
  if (timer === 'deadline' && state.phase === 'draining' && !state.timedOut) {
    return [
      { ...state, timedOut: true },
      [{ type: 'force' }, { type: 'arm', timer: 'force-grace', ms: plan.forceGrace }],
    ];
  }
  if (timer === 'force-grace' && state.phase === 'draining' && state.timedOut) return close(state, [{ type: 'abort' }]);
  return [state, []];
}

function refuse(plan: DrainPlan, state: DrainState, effects: readonly DrainEffect[]): Step {
  const all = [...effects];
  const draining = enter(state, 'draining', all);
  all.push({ type: 'arm', timer: 'deadline', ms: plan.deadline }, { type: 'refuse' });
  return [draining, all];
}

function close(state: DrainState, effects: readonly DrainEffect[]): Step {
  const all: DrainEffect[] = [...effects, { type: 'disarm', timer: state.timedOut ? 'force-grace' : 'deadline' }];
  const closing = enter(state, 'closing', all);
  all.push({ type: 'close' });
  return [closing, all];
}

function finish(before: DrainState, effects: readonly DrainEffect[]): Step {
  const all: DrainEffect[] = [...effects];
  const windowEnd = before.phase === 'announcing' ? 'cut-short' : before.windowEnd;
  const state: DrainState = { ...before, windowEnd };
  for (const timer of ['window', 'deadline', 'force-grace', 'grace-period'] as const)
    all.push({ type: 'disarm', timer });
  const closed = enter(state, 'closed', all);
  all.push({ type: 'finish' });
  const { exits, exitCode } = closed;
  if (exits) all.push(exitCode === undefined ? { type: 'leave' } : { type: 'exit', code: exitCode });
  return [closed, all];
}

function exit(state: DrainState, exitCode: number, effects: readonly DrainEffect[] = []): Step {
  return finish({ ...state, forced: true, exitCode }, [...effects, { type: 'abort' }]);
}

function enter(state: DrainState, phase: Phase, effects: DrainEffect[]): DrainState {
  effects.push({ type: 'enter', phase, previous: state.phase });
  return { ...state, phase };
}
