import type { Closable } from './resources/closable.ts';
import { DrainCoordinator } from './drain-coordinator.ts';
import { EXIT_MARGIN, resolvePlan, show } from './plan/drain-plan.ts';
import type { DrainReport } from './report/drain-report.ts';
import type { Drainable } from './drainable.ts';
import { readDuration } from './plan/argument.ts';
import { DrainError } from './drain-error.ts';
import type { Duration } from './plan/duration.ts';
import type { Clock, Host } from './host.ts';
import { closeTrigger } from './trigger.ts';

export interface PartOptions {
  /** How long what is in flight may take. Milliseconds or `'10s'`. @default that of the drain; `'10s'` without one */
  readonly deadline?: Duration;
  /** How long work has after the deadline to end by itself. Milliseconds or `'500ms'`. @default that of the drain; `'500ms'` without one */
  readonly forceGrace?: Duration;
  /** Closes it, when nothing is in flight any more. */
  readonly close?: Closable;
  /** How long closing may take. Milliseconds or `'5s'`. @default that of the drain; `'5s'` without one */
  readonly closeTimeout?: Duration;
  /** For the report. @default 'drain of ' and the name */
  readonly reason?: string;
}

/** How long the drain of a part may take, in milliseconds. */
interface PartTimes {
  readonly deadline: number;
  readonly forceGrace: number;
  readonly closeTimeout: number;
}

/** @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readPartTimes(options: Pick<PartOptions, keyof PartTimes>): PartTimes {
  return {
    deadline: readDuration('deadline', options.deadline ?? 10_000),
    forceGrace: readDuration('forceGrace', options.forceGrace ?? 500),
    closeTimeout: readDuration('closeTimeout', options.closeTimeout ?? 5_000),
  };
}

/**
 * Drains one part of an app while the rest goes on: announce, refuse, wait for what is in flight, force and abort it at the
 * deadline, close. The same machine as that of a whole drain, with the same report. It ends no process.
 *
 * @param forceSignal - of the whole drain: its deadline is the part's, too.
 * @throws DrainError `DRAIN_ARGUMENT_INVALID`, `DRAIN_RESOURCE_INVALID`: the part has been told nothing then.
 */
export function drainPart(
  name: string,
  part: Drainable,
  host: Host,
  options: PartOptions,
  forceSignal?: AbortSignal,
): Promise<DrainReport> {
  if (!isDrainable(part)) {
    const detail = `part '${name}' is ${show(part)}; allowed: a Drainable, which a WorkerPool is, or what has all its methods`;
    throw new DrainError('DRAIN_ARGUMENT_INVALID', detail);
  }
  const times = readPartTimes(options);
  const gracePeriod = times.deadline + times.forceGrace + times.closeTimeout + EXIT_MARGIN;
  const plan = resolvePlan({ window: 0, ...times, gracePeriod, exit: false }, {});
  const coordinator = new DrainCoordinator(plan, host, undefined);
  if (options.close !== undefined) coordinator.resource(name, options.close);
  coordinator.add(part);
  coordinator.trigger(closeTrigger(options.reason ?? `drain of ${name}`), false);
  const hurry = (): void => coordinator.hurry();
  if (forceSignal?.aborted === true) hurry();
  forceSignal?.addEventListener('abort', hurry);
  return coordinator.done.finally(() => forceSignal?.removeEventListener('abort', hurry));
}

const METHODS = ['work', 'announce', 'refuse', 'drained', 'force', 'abort'] as const satisfies (keyof Drainable)[];

function isDrainable(part: unknown): part is Drainable {
  return (
    typeof part === 'object' &&
    part !== null &&
    METHODS.every((name) => typeof (part as Drainable)[name] === 'function')
  );
}

/** A host that has a clock and nothing else, for what is drained without a process. */
export function clockHost(clock: Clock): Host {
  const nothing = (): void => {};
  return {
    clock,
    env: {},
    onSignal: () => nothing,
    onFault: () => nothing,
    onMessage: () => nothing,
    printFault: nothing,
    hold: () => nothing,
    held: false,
    setExitCode: nothing,
    exit: nothing,
    activeHandles: () => [],
    facts: () => ({ pid: 0, parentPid: 0, hasTerminal: false, otherListeners: {} }),
    write: nothing,
  };
}
