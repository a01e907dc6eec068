import { DrainError } from '../drain-error.ts';
import { OPTION_ROWS, PLAIN_OPTIONS, type DrainOptions, type OptionRow } from './drain-options.ts';
import type { WarningCode } from '../doctor/drain-warning.ts';
import { readEnvironment } from './environment.ts';
import type { Host } from '../host.ts';
import { nearest } from './nearest.ts';
import type { SignalModes } from './option-kind.ts';

/** Options resolved: complete, checked as a whole, frozen. Every duration is in milliseconds. */
export interface DrainPlan {
  readonly enabled: boolean;
  /** The longest that the window may be. */
  readonly window: number;
  /** The shortest; `window` where it does not end early. */
  readonly windowMin: number;
  readonly windowQuiet: number;
  readonly windowProbeFailures: number;
  readonly deadline: number;
  readonly forceGrace: number;
  readonly quietPeriod: number;
  readonly closeTimeout: number;
  readonly lastScrape: number;
  readonly gracePeriod: number;
  readonly stallTimeout: number;
  readonly signals: SignalModes;
  readonly faults: boolean;
  readonly exit: boolean;
  readonly readiness: 'at-signal' | 'after-window' | 'never';
  readonly connectionClose: 'at-once' | 'ramp';
  readonly lateRequests: 'serve' | 'refuse';
  readonly refuseDuringWindow: boolean;
  readonly retryAfter: number;
  readonly readyPath: string | false;
  readonly livePath: string | false;
  readonly startupPath: string | false;
  /** Whether health answers say what came of each check. */
  readonly healthDetails: boolean;
  /** The port of the health routes' own server; `false` where the app's servers have them. */
  readonly healthPort: number | false;
  /** The address of that server; `*` for every one. */
  readonly healthHost: string;
  /** `'stdout'`, or a file that the report is appended to. */
  readonly report: string | false;
  readonly silence: readonly WarningCode[];
  readonly balancerIdleTimeout: number;
}

/** How long before the end of the grace period the drain is over, in milliseconds; the process is gone at the latest half of it later. */
export const EXIT_MARGIN = 500;

/** The shortest deadline, in milliseconds, that follows from the other budgets: a shorter one has to be said. */
export const SHORTEST_DEFAULT_DEADLINE = 1_000;

const PREFIX = /^[A-Za-z]\w*$/;

type Settings = { -readonly [Key in keyof DrainPlan]?: DrainPlan[Key] };

const ROWS = Object.entries(OPTION_ROWS) as [keyof DrainPlan, OptionRow][];

/**
 * Resolves options and environment into a plan. The environment wins.
 *
 * @throws DrainError `DRAIN_OPTIONS_INVALID`, listing every problem: unknown names, values that are not allowed, budgets
 * that do not fit the grace period, options that contradict each other.
 */
export function resolvePlan(options: DrainOptions, env: Readonly<Record<string, string | undefined>>): DrainPlan {
  const problems: string[] = [];
  const said: Settings = {};
  readOptions(options, said, problems);
  readEnvironment(env, prefixOf(options), (key, value) => set(said, key, value), problems);

  const plan: Settings = {};
  for (const [key, { fallback }] of ROWS) set(plan, key, said[key] ?? fallback);
  plan.lateRequests ??= plan.refuseDuringWindow === true ? 'refuse' : 'serve';
  const { window = 0, forceGrace = 0, closeTimeout = 0, lastScrape = 0, gracePeriod = 0 } = plan;
  plan.windowMin ??= window;
  plan.deadline ??= Math.max(0, gracePeriod - window - forceGrace - closeTimeout - lastScrape - EXIT_MARGIN);
  // A value that is not allowed was said but not taken; a budget with a default in its place would be a second, false problem.
  if (problems.length === 0) checkBudget(plan as DrainPlan, said.deadline, problems);
  checkContradictions(plan as DrainPlan, problems);

  if (problems.length > 0) {
    throw new DrainError(
      'DRAIN_OPTIONS_INVALID',
      `drain options cannot be used:\n${problems.map((text) => `  - ${text}`).join('\n')}\n`,
    );
  }
  return Object.freeze(plan as DrainPlan);
}

function set(settings: Settings, key: keyof DrainPlan, value: unknown): void {
  (settings as Record<string, unknown>)[key] = value;
}

/** One that cannot be used is a problem of its own, and then the default is looked for. */
function prefixOf(options: DrainOptions): string {
  const prefix: unknown = options?.envPrefix;
  return typeof prefix === 'string' && PREFIX.test(prefix) ? prefix : 'DRAIN_';
}

function readOptions(options: DrainOptions, said: Settings, problems: string[]): void {
  if (typeof options !== 'object' || options === null) {
    problems.push(`options is ${show(options)}; allowed: an object`);
    return;
  }
  const flat = flatten(options);
  for (const [key, { option, kind }] of ROWS) {
    const value = flat.get(option);
    flat.delete(option);
    if (value === undefined) continue;
    const parsed = kind.parse(value);
    if (parsed === undefined) problems.push(`${option} is ${show(value)}; allowed: ${kind.form}`);
    else set(said, key, parsed);
  }
  checkPlain(flat, problems);
  const known = [...ROWS.map(([, { option }]) => option), ...PLAIN_OPTIONS, 'health', 'window.max'];
  for (const name of flat.keys()) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    problems.push(`${name} is no option${meant === undefined ? '' : `; did you mean ${meant}?`}`);
  }
}

/** `{ health: { ready } }` as `health.ready`, `{ window: { max } }` as `window`; `health: false` as each path being false. */
function flatten({ health, window, ...others }: DrainOptions): Map<string, unknown> {
  const flat = new Map<string, unknown>(Object.entries(others));
  if (health === false) {
    for (const name of ['ready', 'live', 'startup']) flat.set(`health.${name}`, false);
  } else if (isObject(health)) {
    for (const [name, value] of Object.entries(health)) flat.set(`health.${name}`, value);
  } else {
    flat.set('health', health);
  }
  if (isObject(window)) {
    for (const [name, value] of Object.entries(window)) flat.set(name === 'max' ? 'window' : `window.${name}`, value);
  } else {
    flat.set('window', window);
  }
  return flat;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function checkPlain(flat: ReadonlyMap<string, unknown>, problems: string[]): void {
  const check = (name: string, allowed: string, isAllowed: (value: unknown) => boolean): void => {
    const value = flat.get(name);
    if (value !== undefined && !isAllowed(value)) problems.push(`${name} is ${show(value)}; allowed: ${allowed}`);
  };
  check('health', 'false, or an object with ready, live, startup, details, port, host', () => false);
  check('env', 'an object of strings such as process.env, or false', (value) => value === false || isObject(value));
  check(
    'envPrefix',
    "letters, digits and '_', such as 'DRAIN_'",
    (value) => typeof value === 'string' && PREFIX.test(value),
  );
  check(
    'logger',
    'a logger with info, warn and error, or false',
    (value) =>
      value === false ||
      (isObject(value) && ['info', 'warn', 'error'].every((level) => typeof value[level] === 'function')),
  );
  check('host', 'a host such as fakeHost() of @drainkit/testing', isHost);
}

function checkBudget(plan: DrainPlan, deadline: number | undefined, problems: string[]): void {
  const { window, forceGrace, closeTimeout, lastScrape, gracePeriod } = plan;
  const parts = { window, deadline, forceGrace, closeTimeout, lastScrape: lastScrape || undefined };
  const shown = Object.entries(parts).flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} (${ms})`]));
  const needed = window + (deadline ?? 0) + forceGrace + closeTimeout + lastScrape + EXIT_MARGIN;
  const missing = needed + (deadline === undefined ? SHORTEST_DEFAULT_DEADLINE : 0) - gracePeriod;
  if (missing <= 0) return;
  const left = gracePeriod - needed;
  const result =
    left < 0
      ? `more than gracePeriod (${gracePeriod})`
      : `which leaves a deadline of ${left} ms of gracePeriod (${gracePeriod}), less than ${SHORTEST_DEFAULT_DEADLINE}`;
  problems.push(
    `${shown.join(' + ')} + ${EXIT_MARGIN} to exit = ${needed} ms, ${result}; shorten one of them by ${missing} ms in all, ` +
      `or raise gracePeriod together with the platform's own${left < 0 ? '' : ', or set the deadline that is meant'}`,
  );
}

function checkContradictions(plan: DrainPlan, problems: string[]): void {
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
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? 'an object';
  } catch {
    return 'an object';
  }
}

/** Whether something is a host at all; a drain that is given something else says so. */
export function isHost(value: unknown): value is Host {
  return isObject(value) && isObject(value['clock']) && isObject(value['env']);
}
