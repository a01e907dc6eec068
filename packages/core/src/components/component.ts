import { closer, type Closable } from '../resources/closable.ts';
import { DrainError } from '../drain-error.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import { show } from '../plan/drain-plan.ts';

/**
 * What follows when a component reports failure while the server is serving.
 *
 * - `unready`: readiness is 503 until it has recovered
 * - `drain`: a drain begins, with the window, and the process ends with 1
 * - `ignore`: the event and the log line, nothing else
 */
export type FailurePolicy = 'unready' | 'drain' | 'ignore';

/** What `start` is given. Its functions need no `this`: `client.on('error', fail)`. */
export interface StartContext {
  /** Aborted when a drain begins, or another of its group fails to start: stop trying to connect, and reject. What was started nevertheless is closed. */
  readonly signal: AbortSignal;
  /** Says that the running component has failed. Saying it again changes nothing. */
  readonly fail: (error?: unknown) => void;
  /** Says that it works again. */
  readonly recover: () => void;
}

/** What `quiesce` is given. */
export interface QuiesceContext {
  /** Aborted when the deadline passes: stop waiting. */
  readonly signal: AbortSignal;
}

/** A part of the app that is started and stopped with it: a database, a consumer, a queue. */
export interface ComponentOptions {
  /** Unique in its drain. */
  readonly name: string;
  /** The names of the components that have to be running before this one starts, and until it is closed. @default none */
  readonly dependsOn?: readonly string[];
  /** Components of one group that do not depend on each other start, and close, at the same time. @default none: one at a time */
  readonly group?: string;
  /**
   * Opens it; rejects where it cannot, having cleaned up after itself. One without `start` runs already, as a resource does.
   */
  readonly start?: (context: StartContext) => unknown;
  /**
   * Stops its intake: cancel the consumer, stop polling. Called as soon as the drain begins, for all at the same time, and
   * waited for as in-flight work is, until the deadline. Always before `close`.
   */
  readonly quiesce?: (context: QuiesceContext) => unknown;
  /** Closes it, when nothing is in flight any more and everything that was started after it is closed. */
  readonly close?: Closable;
  /**
   * How long its close is waited for: milliseconds or `'5s'`; `'immediately'` to call it and go on; `'forever'` for as long
   * as the grace period lasts, less what the others need. @default the plan's closeTimeout
   */
  readonly stop?: Duration | 'immediately' | 'forever';
  /** What follows when it reports failure while serving. @default 'unready' */
  readonly onFailure?: FailurePolicy;
}

/**
 * `waiting` to be started, `starting`, `running`; `stopped` as soon as its close is called. One that is rolled back, because
 * another failed to start, is waiting again.
 */
export type ComponentState = 'waiting' | 'starting' | 'running' | 'stopped';

/** A registered component, in the hands of its owner. */
export interface Component {
  readonly name: string;
  readonly state: ComponentState;
  /** Says that it has failed; what follows is its `onFailure`. Does nothing while it is not running: a start that fails rejects. */
  readonly fail: (error?: unknown) => void;
  /** Says that it works again. */
  readonly recover: () => void;
  /** Forgets it, for whoever has stopped it already: it is neither started nor quiesced nor closed any more. */
  forget(): void;
}

/** Something that happened to a component. Its closing is the event of a resource. */
export interface ComponentStep {
  readonly name: string;
  /** `rollback`: it was closed again because another failed to start. */
  readonly step: 'start' | 'quiesce' | 'rollback' | 'failure' | 'recovery';
  readonly outcome: 'done' | 'failed';
  /** How long it took, in milliseconds; for a recovery, how long the failure lasted. */
  readonly ms: number;
  readonly error?: unknown;
}

/** How long its close is waited for, as the stack of resources has it; its default where nothing is said. */
export interface StopTime {
  readonly timeout?: number;
  readonly awaited?: boolean;
}

const POLICIES: readonly unknown[] = ['unready', 'drain', 'ignore'] satisfies FailurePolicy[];

const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';

/**
 * Reads what somebody says of a component.
 *
 * @throws DrainError `DRAIN_COMPONENT_INVALID`, listing every problem.
 */
export function readComponent(options: ComponentOptions): { close: (() => unknown) | undefined; stop: StopTime } {
  if (typeof options !== 'object' || options === null) {
    throw new DrainError('DRAIN_COMPONENT_INVALID', `a component is ${show(options)}; allowed: an object`);
  }
  const { name, dependsOn, group, start, quiesce, onFailure } = options;
  const problems: string[] = [];
  const check = (option: string, value: unknown, allowed: string, isAllowed: boolean): void => {
    if (!isAllowed) problems.push(`${option} is ${show(value)}; allowed: ${allowed}`);
  };
  const isFunction = (value: unknown): boolean => value === undefined || typeof value === 'function';
  check('name', name, 'a text', isName(name));
  check('group', group, 'a text', group === undefined || isName(group));
  check(
    'dependsOn',
    dependsOn,
    'names of components',
    dependsOn === undefined || (Array.isArray(dependsOn) && dependsOn.every(isName)),
  );
  check('start', start, 'a function', isFunction(start));
  check('quiesce', quiesce, 'a function', isFunction(quiesce));
  check(
    'onFailure',
    onFailure,
    POLICIES.map(show).join(' or '),
    onFailure === undefined || POLICIES.includes(onFailure),
  );
  const stop = stopTime(options.stop);
  check('stop', options.stop, `${DURATION_FORM}, or 'immediately' or 'forever'`, stop !== undefined);
  let close: (() => unknown) | undefined;
  try {
    close = closeOf(options);
  } catch {
    check('close', options.close, 'a function, or an object with Symbol.asyncDispose or Symbol.dispose', false);
  }
  if (problems.length > 0) {
    throw new DrainError('DRAIN_COMPONENT_INVALID', `component ${show(name)} cannot be used: ${problems.join('; ')}`);
  }
  return { close, stop: stop ?? {} };
}

function stopTime(stop: unknown): StopTime | undefined {
  if (stop === undefined) return {};
  if (stop === 'immediately') return { awaited: false };
  if (stop === 'forever') return { timeout: Infinity };
  const timeout = parseDuration(stop);
  return timeout === undefined ? undefined : { timeout };
}

/** A method keeps its `this`: a component can be an object of a class of its own. */
function closeOf(options: ComponentOptions): (() => unknown) | undefined {
  const { name, close } = options;
  if (close === undefined) return undefined;
  return closer(name, typeof close === 'function' ? close.bind(options) : close);
}
