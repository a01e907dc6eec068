import { formatDuration } from './plan/duration.ts';
import { faultText, type DrainEvent } from './drain-event.ts';
import type { DrainPlan } from './plan/drain-plan.ts';
import { describeHandles } from './report/report-advice.ts';

/** A logger as pino and Fastify have it. */
export interface DrainLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Where it is there, it is asked whether errors are written at all. */
  isLevelEnabled?(level: 'error'): boolean;
}

/** Whether an error that is logged is seen: not without a logger, and not where its level is above. */
export function writesErrors(logger: DrainLogger | undefined): logger is DrainLogger {
  return logger !== undefined && (logger.isLevelEnabled?.('error') ?? true);
}

const DONE = { start: 'started', quiesce: 'quiesced', rollback: 'rolled back' } as const;

/**
 * Turns events into log lines: one per transition, never one per request.
 * Every line has `drain`, the event's type; totals and durations (`…Ms`, milliseconds) are fields of their own.
 */
export function logEvent(logger: DrainLogger, plan: DrainPlan, event: DrainEvent): void {
  const drain = event.type;
  switch (event.type) {
    case 'trigger':
      return logger.info(
        { drain, reason: event.trigger.reason, kind: event.trigger.kind },
        `drain: ${event.trigger.reason}`,
      );
    case 'phase': {
      const { phase, previous, inFlight, elapsedMs } = event;
      const budget =
        phase === 'announcing' ? { windowMs: plan.window } : phase === 'draining' ? { deadlineMs: plan.deadline } : {};
      return logger.info(
        { drain, phase, previous, inFlight, elapsedMs: Math.round(elapsedMs), ...budget },
        `drain: ${phase}, ${inFlight} in flight`,
      );
    }
    case 'readiness':
      return logger.info(
        { drain, ready: event.ready, reason: event.reason },
        `drain: ${event.ready ? 'ready' : 'unready'}`,
      );
    case 'check': {
      const { name, affects, status, error } = event.check;
      const ms = Math.round(event.check.ms);
      if (status === 'pass')
        return logger.info({ drain, name, affects, status, ms }, `drain: check ${name} passes again`);
      return logger.warn(
        { drain, name, affects, status, ms, err: error },
        `drain: check ${name} failed after ${formatDuration(ms)}`,
      );
    }
    case 'warning': {
      const { code, message, remedy } = event.warning;
      return logger.warn({ drain, code, remedy }, `drain: ${message} (${code}: ${remedy})`);
    }
    case 'deadline':
      return logger.warn(
        { drain, work: event.work },
        `drain: the deadline has passed with ${event.work.length} in flight`,
      );
    case 'destroyed':
      return logger.warn({ drain, work: event.work }, `drain: ${event.work.length} in flight destroyed`);
    case 'resource': {
      const { name, outcome, error } = event.resource;
      const ms = Math.round(event.resource.ms);
      if (outcome === 'closed') return logger.info({ drain, name, ms }, `drain: closed ${name}`);
      if (outcome === 'left') return logger.info({ drain, name, ms }, `drain: ${name} is closing, and not waited for`);
      return logger.error(
        { drain, name, outcome, ms, err: error },
        `drain: ${name} ${outcome} after ${formatDuration(ms)}`,
      );
    }
    case 'component': {
      const { name, step, outcome, error } = event.component;
      const fields = { drain, name, step, outcome, ms: Math.round(event.component.ms) };
      const took = formatDuration(event.component.ms);
      if (step === 'failure') return logger.error({ ...fields, err: error }, `drain: ${name} failed`);
      if (step === 'recovery') return logger.info(fields, `drain: ${name} recovered after ${took}`);
      if (outcome === 'done') return logger.info(fields, `drain: ${DONE[step]} ${name} in ${took}`);
      return logger.error({ ...fields, err: error }, `drain: ${name}: ${step} failed after ${took}`);
    }
    case 'part': {
      const { name, report } = event;
      const message = `drain: ${name}: ${report.outcome} in ${formatDuration(report.totalMs)}`;
      if (report.outcome === 'clean') return logger.info({ drain, name, report }, message);
      return logger.error({ drain, name, report }, message);
    }
    case 'fault':
      return logger.error(
        { drain, kind: event.fault.kind, err: event.fault.error },
        `drain: ${faultText(event.fault)}`,
      );
    case 'lingering':
      return logger.warn(
        { drain, handles: event.handles, advice: describeHandles(event.handles) },
        `drain: the process is kept alive by ${event.handles.join(', ') || 'something without a name'}; ending it`,
      );
    case 'report': {
      const { outcome, exitCode, totalMs } = event.report;
      const fields = { drain, report: event.report };
      const message = `drain: ${outcome} in ${formatDuration(totalMs)}, exit code ${exitCode}`;
      if (outcome === 'clean') return logger.info(fields, message);
      return logger.error(fields, message);
    }
  }
}
