import type { Closable } from './resources/closable.ts';
import { DrainCoordinator } from './drain-coordinator.ts';
import { EXIT_MARGIN, resolvePlan } from './plan/drain-plan.ts';
import type { DrainReport } from './report/drain-report.ts';
import type { Drainable } from './drainable.ts';
import { readDuration } from './plan/argument.ts';
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

/**
 * Drains one part of an app while the rest goes on: announce, refuse, wait for what is in flight, force and abort it at the
 * deadline, close. The same machine as that of a whole drain, with the same report. It ends no process.
 *
 * @throws DrainError (as a rejection) `DRAIN_ARGUMENT_INVALID`, `DRAIN_RESOURCE_INVALID`
 */
export async function drainPart(name: string, part: Drainable, host: Host, options: PartOptions): Promise<DrainReport> {
  const deadline = readDuration('deadline', options.deadline ?? 10_000);
  const forceGrace = readDuration('forceGrace', options.forceGrace ?? 500);
  const closeTimeout = readDuration('closeTimeout', options.closeTimeout ?? 5_000);
  const gracePeriod = deadline + forceGrace + closeTimeout + EXIT_MARGIN;
  const plan = resolvePlan({ window: 0, deadline, forceGrace, closeTimeout, gracePeriod, exit: false }, {});
  const coordinator = new DrainCoordinator(plan, host, undefined);
  coordinator.add(part);
  if (options.close !== undefined) coordinator.resource(name, options.close);
  coordinator.trigger(closeTrigger(options.reason ?? `drain of ${name}`), false);
  return coordinator.done;
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
