import type { ComponentReport } from '../components/component-report.ts';
import type { WindowEnd } from '../drain-machine.ts';
import type { WorkItem } from '../drainable.ts';
import type { Phase } from '../phase.ts';
import type { ResourceReport } from '../resources/resource-stack.ts';
import type { Trigger } from '../trigger.ts';

/**
 * - `clean`: everything finished and closed within its time.
 * - `timed-out`: the deadline passed with work in flight.
 * - `failed`: a resource failed or hung, a component failed to quiesce, or while serving and so began the drain, or an error went uncaught.
 * - `forced`: the grace period ended, a second signal came, or `abort()` was called before everything was closed.
 *
 * Where several hold, the last of this list that does.
 */
export type DrainOutcome = 'clean' | 'timed-out' | 'failed' | 'forced';

/**
 * What came of a drain. Times are in whole milliseconds. docs/report.schema.json says the same; what is added later leaves
 * `version` as it is, what is changed or taken away does not.
 */
export interface DrainReport {
  readonly version: 1;
  readonly outcome: DrainOutcome;
  /** The code with which the process ends: 0 for a clean drain, 128 + n for a second signal, else 1 (or what `abort()` was given). */
  readonly exitCode: number;
  readonly trigger: Pick<Trigger, 'kind' | 'reason'>;
  /** When the drain began, ISO 8601. */
  readonly startedAt: string;
  readonly totalMs: number;
  /** How long each phase lasted, in order; `closed` is left out, for it has no end. */
  readonly phases: readonly { readonly phase: Phase; readonly ms: number }[];
  /** Why the window ended. */
  readonly windowEnd: WindowEnd;
  /** How many probes were told 503 in an adaptive window. */
  readonly probeFailures: number;
  readonly inFlightAtStart: number;
  /** Requests that came after the window and were served all the same. */
  readonly servedLate: number;
  /** Requests and work refused because of the drain. */
  readonly refused: number;
  /** Connections that were ended because they stopped in the middle of sending a request. */
  readonly stalled: number;
  /** What was in flight when the deadline passed. */
  readonly atDeadline: readonly WorkItem[];
  /** What was destroyed. */
  readonly aborted: readonly WorkItem[];
  /** The framework and the resources, in the order of closing. */
  readonly resources: readonly (Omit<ResourceReport, 'error'> & { readonly error?: string })[];
  /** The components that were started or quiesced here, or failed, in the order in which that happened first. */
  readonly components: readonly ComponentReport[];
  /** Errors that nobody caught, as text. */
  readonly faults: readonly string[];
}
