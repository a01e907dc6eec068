export { Drain } from './drain.ts';
export type { Closable } from './resources/closable.ts';
export type {
  Component,
  ComponentOptions,
  ComponentState,
  ComponentStep,
  FailurePolicy,
  QuiesceContext,
  StartContext,
} from './components/component.ts';
export type { BackoffOptions } from './work/backoff.ts';
export type { ComponentReport } from './components/component-report.ts';
export { DRAIN_ERRORS, DrainError, type DrainErrorCode } from './drain-error.ts';
export { DRAIN_WARNINGS, type DrainWarning, type WarningCode } from './doctor/drain-warning.ts';
export { diagnose, type DoctorFacts } from './doctor/doctor.ts';
export type { DrainEvent, DrainEventOf, DrainEventType } from './drain-event.ts';
export type { DrainLogger } from './drain-logger.ts';
export {
  SERVING,
  transition,
  type DrainEffect,
  type DrainInput,
  type DrainState,
  type DrainTimer,
  type WindowEnd,
} from './drain-machine.ts';
export {
  OPTION_ROWS,
  type AdaptiveWindow,
  type DrainOptions,
  type HealthOptions,
  type OptionRow,
} from './plan/drain-options.ts';
export { EXIT_MARGIN, resolvePlan, type DrainPlan } from './plan/drain-plan.ts';
export type { DrainOutcome, DrainReport } from './report/drain-report.ts';
export type { DrainSnapshot } from './metrics/drain-snapshot.ts';
export type { Drainable, WorkItem } from './drainable.ts';
export { formatDuration, parseDuration, type Duration } from './plan/duration.ts';
export type { Check, CheckAffects, CheckFunction, CheckOptions, CheckResult } from './health/health-check.ts';
export { HEALTH_TYPE, healthRoute, type HealthAnswer, type HealthRoute } from './health/health.ts';
export type { Cancel, Clock, Fault, Host, ProcessFacts } from './host.ts';
export {
  DEFAULT_SIGNALS,
  type OptionKind,
  type SignalMode,
  type SignalModes,
  type SignalName,
} from './plan/option-kind.ts';
export { METRIC_ROWS, type MetricKey, type MetricRow } from './metrics/metric-rows.ts';
export { hasReached, PHASES, type Phase } from './phase.ts';
export type { PollContext, Poller, PollOptions } from './work/poller.ts';
export { formatReport } from './report/report-timeline.ts';
export { ResourceStack, type Resource, type ResourceOptions, type ResourceReport } from './resources/resource-stack.ts';
export type { RetryOptions } from './work/retry.ts';
export type { Lease, Replaceable, ReplaceableOptions } from './replaceable.ts';
export type { PartOptions } from './drain-part.ts';
export type { Task } from './work/pool-task.ts';
export { WorkerPool, type SubmitOptions, type WorkerPoolOptions } from './work/worker-pool.ts';
export type { WorkSignals } from './work/work-signals.ts';
export type { Trigger } from './trigger.ts';
export { WorkTracker, type Work } from './work/work-tracker.ts';
