import { ComponentReports } from '../components/component-report.ts';
import { faultText, type DrainEvent } from '../drain-event.ts';
import type { DrainState } from '../drain-machine.ts';
import type { DrainOutcome, DrainReport } from './drain-report.ts';
import { errorText } from '../error-text.ts';
import type { WorkItem } from '../drainable.ts';
import type { Phase } from '../phase.ts';
import type { ResourceReport } from '../resources/resource-stack.ts';

/** Gathers events, and makes the report of them, in whole milliseconds. */
export class ReportBuilder {
  readonly #entered: { readonly phase: Phase; readonly elapsedMs: number }[] = [];
  readonly #resources: DrainReport['resources'][number][] = [];
  readonly #components = new ComponentReports();
  readonly #faults: string[] = [];
  #quiesceFailed = false;
  #inFlightAtStart = 0;
  #atDeadline: readonly WorkItem[] = [];
  #aborted: readonly WorkItem[] = [];

  add(event: DrainEvent): void {
    switch (event.type) {
      case 'phase':
        if (this.#entered.length === 0) this.#inFlightAtStart = event.inFlight;
        this.#entered.push(event);
        return;
      case 'deadline':
        this.#atDeadline = event.work.map(inWholeMs);
        return;
      case 'destroyed':
        this.#aborted = event.work.map(inWholeMs);
        return;
      case 'resource':
        this.#resources.push(inText(event.resource));
        return;
      case 'component': {
        const { step, outcome } = event.component;
        this.#components.add(event.component);
        // One that was rolled back before any drain is not this drain's.
        if (step === 'quiesce' && outcome === 'failed' && this.#entered.length > 0) this.#quiesceFailed = true;
        return;
      }
      case 'fault':
        this.#faults.push(faultText(event.fault));
        return;
      default:
    }
  }

  build(
    state: DrainState,
    startedAt: Date,
    counts: Pick<DrainReport, 'servedLate' | 'refused' | 'stalled' | 'probeFailures'>,
  ): DrainReport {
    const outcome = this.#outcome(state);
    return {
      version: 1,
      outcome,
      exitCode: state.exitCode ?? (outcome === 'clean' ? 0 : 1),
      trigger: { kind: state.trigger?.kind ?? 'call', reason: state.trigger?.reason ?? '' },
      startedAt: startedAt.toISOString(),
      totalMs: Math.round(this.#entered.at(-1)?.elapsedMs ?? 0),
      phases: this.#phases(),
      windowEnd: state.windowEnd ?? 'skipped',
      inFlightAtStart: this.#inFlightAtStart,
      ...counts,
      atDeadline: this.#atDeadline,
      aborted: this.#aborted,
      resources: [...this.#resources],
      components: this.#components.rows(),
      faults: [...this.#faults],
    };
  }

  #outcome(state: DrainState): DrainOutcome {
    if (state.forced) return 'forced';
    if (state.faulted || this.#quiesceFailed || this.#resources.some(({ outcome }) => !isFine(outcome)))
      return 'failed';
    return state.timedOut ? 'timed-out' : 'clean';
  }

  #phases(): DrainReport['phases'] {
    return this.#entered.slice(0, -1).map(({ phase, elapsedMs }, index) => {
      return { phase, ms: Math.round((this.#entered[index + 1]?.elapsedMs ?? elapsedMs) - elapsedMs) };
    });
  }
}

function inWholeMs({ name, ageMs }: WorkItem): WorkItem {
  return { name, ageMs: Math.round(ageMs) };
}

function isFine(outcome: ResourceReport['outcome']): boolean {
  return outcome === 'closed' || outcome === 'left';
}

function inText({ error, ms, ...report }: ResourceReport): DrainReport['resources'][number] {
  const rounded = { ...report, ms: Math.round(ms) };
  return error === undefined ? rounded : { ...rounded, error: errorText(error) };
}
