import { availableParallelism } from 'node:os';
import { DrainError } from '../drain-error.ts';
import type { DrainOptions } from '../plan/drain-options.ts';
import { show } from '../plan/drain-plan.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';

export interface PrimaryOptions {
  /** How many workers there are. @default as many as can run at the same time: os.availableParallelism() */
  readonly workers?: number;
  /** Environment variables for the workers, besides those of the primary. @default {} */
  readonly env?: Readonly<Record<string, string>>;
  /** How long a worker may take from its start until it is ready. Milliseconds or `'30s'`. @default '30s' */
  readonly readyTimeout?: Duration;
  /** How long after one worker the next begins to leave, in a drain with a window. Milliseconds or `'250ms'`. @default '250ms' */
  readonly stagger?: Duration;
  /**
   * How long after a worker has died by itself, or has not become ready, another takes its place; twice as long each time it
   * goes on, 30 s at most. @default '100ms'
   */
  readonly backoff?: Duration;
  /** The signal that begins a rolling reload; `false` for none. @default 'SIGHUP', on Windows false */
  readonly reloadSignal?: 'SIGHUP' | 'SIGUSR2' | false;
  /**
   * The primary's own drain. What it is told of its budgets is what there is for the workers: they get its grace period, less
   * a second and the stagger.
   */
  readonly drain?: DrainOptions;
}

/** Options resolved: complete and checked. Every duration is in milliseconds. */
export interface PrimaryPlan {
  readonly workers: number;
  readonly env: Readonly<Record<string, string>>;
  readonly readyTimeout: number;
  readonly stagger: number;
  readonly backoff: number;
  readonly reloadSignal: 'SIGHUP' | 'SIGUSR2' | false;
}

const KNOWN: ReadonlySet<string> = new Set([
  'workers',
  'env',
  'readyTimeout',
  'stagger',
  'backoff',
  'reloadSignal',
  'drain',
]);
const RELOAD_SIGNALS: ReadonlySet<unknown> = new Set(['SIGHUP', 'SIGUSR2', false]);

/** @throws DrainError `DRAIN_OPTIONS_INVALID`, listing every problem. */
export function resolvePrimary(options: PrimaryOptions): PrimaryPlan {
  const problems = Object.keys(options)
    .filter((name) => !KNOWN.has(name))
    .map((name) => `${name} is no option of a primary`);
  const duration = (name: 'readyTimeout' | 'stagger' | 'backoff', fallback: number): number => {
    const said = options[name];
    const ms = said === undefined ? fallback : parseDuration(said);
    if (ms === undefined) problems.push(`${name} is ${show(said)}; allowed: ${DURATION_FORM}`);
    return ms ?? fallback;
  };
  const plan: PrimaryPlan = {
    workers: options.workers ?? availableParallelism(),
    env: options.env ?? {},
    readyTimeout: duration('readyTimeout', 30_000),
    stagger: duration('stagger', 250),
    backoff: duration('backoff', 100),
    reloadSignal: options.reloadSignal ?? (process.platform === 'win32' ? false : 'SIGHUP'),
  };
  if (!Number.isSafeInteger(plan.workers) || plan.workers < 1) {
    problems.push(`workers is ${show(options.workers)}; allowed: a whole number from 1`);
  }
  if (!RELOAD_SIGNALS.has(plan.reloadSignal)) {
    problems.push(`reloadSignal is ${show(plan.reloadSignal)}; allowed: 'SIGHUP', 'SIGUSR2' or false`);
  }
  if (problems.length > 0) {
    const lines = problems.map((text) => `  - ${text}`).join('\n');
    throw new DrainError('DRAIN_OPTIONS_INVALID', `the primary's options cannot be used:\n${lines}\n`);
  }
  return plan;
}

/** What of the environment is the primary's business: the budgets in it are those of the workers' drains. */
const SHARED: readonly string[] = ['ENABLED', 'GRACE_PERIOD', 'SIGNALS', 'FAULTS', 'EXIT'];

/**
 * The options of the primary's own drain. It serves nobody, so it has no window; nearly all of its grace period is for the
 * workers to drain in.
 */
export function primaryDrainOptions({ drain = {} }: PrimaryOptions): DrainOptions {
  const { env = process.env, envPrefix = 'DRAIN_' } = drain;
  const names = new Set(SHARED.map((name) => envPrefix + name));
  const shared = env === false ? false : Object.fromEntries(Object.entries(env).filter(([name]) => names.has(name)));
  return { window: 0, forceGrace: 0, closeTimeout: '500ms', health: false, ...drain, env: shared };
}
