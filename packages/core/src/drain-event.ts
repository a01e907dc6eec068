import type { ComponentStep } from './components/component.ts';
import { errorText } from './error-text.ts';
import type { WorkItem } from './drainable.ts';
import type { DrainReport } from './report/drain-report.ts';
import type { DrainWarning } from './doctor/drain-warning.ts';
import type { CheckResult } from './health/health-check.ts';
import type { Fault } from './host.ts';
import type { Phase } from './phase.ts';
import type { ResourceReport } from './resources/resource-stack.ts';
import type { Trigger } from './trigger.ts';

/** What happened, as one closed union. Narrow on `type`. Times are milliseconds since the trigger. */
export type DrainEvent =
  /** The drain began. */
  | { readonly type: 'trigger'; readonly trigger: Trigger }
  /** A phase was entered. */
  | {
      readonly type: 'phase';
      readonly phase: Phase;
      readonly previous: Phase;
      readonly inFlight: number;
      readonly elapsedMs: number;
    }
  /** Readiness changed: `ready()` or `unready()` was called, or a component failed or recovered. */
  | { readonly type: 'readiness'; readonly ready: boolean; readonly reason: string | undefined }
  /** A health check has failed, or passes again. */
  | { readonly type: 'check'; readonly check: CheckResult }
  /** The doctor has found something, or the report could not be written. */
  | { readonly type: 'warning'; readonly warning: DrainWarning }
  /** The deadline passed with this work in flight; the force signal has fired. */
  | { readonly type: 'deadline'; readonly work: readonly WorkItem[] }
  /** This work was in flight after the force grace, and was destroyed. */
  | { readonly type: 'destroyed'; readonly work: readonly WorkItem[] }
  /** A resource, or the framework, was closed, failed to close, or hung. */
  | { readonly type: 'resource'; readonly resource: ResourceReport }
  /** A component was started, quiesced or rolled back, failed or recovered. */
  | { readonly type: 'component'; readonly component: ComponentStep }
  /** A part of the app was drained while the rest went on, and this came of it. */
  | { readonly type: 'part'; readonly name: string; readonly report: DrainReport }
  /** An error that nobody caught. */
  | { readonly type: 'fault'; readonly fault: Fault }
  /** Everything is closed, but these handles keep the process alive; it is ended now. */
  | { readonly type: 'lingering'; readonly handles: readonly string[] }
  /** The drain is over. */
  | { readonly type: 'report'; readonly report: DrainReport };

export type DrainEventType = DrainEvent['type'];

/** The event of one type. */
export type DrainEventOf<Type extends DrainEventType> = Extract<DrainEvent, { readonly type: Type }>;

/** `uncaughtException: connection lost` */
export function faultText(fault: Fault): string {
  return `${fault.kind}: ${errorText(fault.error)}`;
}
