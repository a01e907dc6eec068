import { DrainError } from '../drain-error.ts';
import { budgetProblems, leftForWork } from './budget.ts';
import { contradictions, ignoredOptions } from './contradiction.ts';
import { OPTION_ROWS, PLAIN_OPTIONS, type DrainOptions, type OptionRow } from './drain-options.ts';
import type { WarningCode } from '../doctor/drain-warning.ts';
import { readEnvironment } from './environment.ts';
import type { Host } from '../host.ts';
import { noOption } from './nearest.ts';
import type { SignalModes } from './option-kind.ts';

export { EXIT_MARGIN } from './budget.ts';

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

const PREFIX = /^[A-Za-z]\w*$/;

/** What says that a window may end before it is over, and when. */
const EARLY_END = ['windowMin', 'windowQuiet', 'windowProbeFailures'] as const;

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
  const inCode: Settings = {};
  const inEnvironment: Settings = {};
  readOptions(options, inCode, problems);
  readEnvironment(env, prefixOf(options), (key, value) => set(inEnvironment, key, value), problems);
  // Who sets the window where it runs knows nothing of how it may end early.
  if (inEnvironment.window !== undefined) for (const key of EARLY_END) delete inCode[key];
  const said: Settings = { ...inCode, ...inEnvironment };

  const settings: Settings = {};
  for (const [key, { fallback }] of ROWS) set(settings, key, said[key] ?? fallback);
  settings.lateRequests ??= settings.refuseDuringWindow === true ? 'refuse' : 'serve';
  const plan = settings as { -readonly [Key in keyof DrainPlan]: DrainPlan[Key] };
  plan.windowMin ??= plan.window;
  plan.deadline ??= Math.max(0, leftForWork(plan));
  // A value that is not allowed was said but not taken; with a default in its place there would be a second, false problem.
  if (problems.length === 0) problems.push(...budgetProblems(plan, said.deadline), ...ignoredOptions(plan, said));
  problems.push(...contradictions(plan));

  if (problems.length > 0) {
    throw new DrainError(
      'DRAIN_OPTIONS_INVALID',
      `drain options cannot be used:\n${problems.map((text) => `  - ${text}`).join('\n')}\n`,
    );
  }
  return Object.freeze(plan);
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
    if (!known.includes(name)) problems.push(noOption(name, known));
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
