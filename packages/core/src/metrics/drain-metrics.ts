import type { Drain } from '../drain.ts';
import type { DrainOutcome } from '../report/drain-report.ts';
import type { GatheredMetric } from './metric-rows.ts';
import { PHASES } from '../phase.ts';

/** One value of a metric. */
export interface MetricSample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

const OUTCOMES: readonly DrainOutcome[] = ['clean', 'timed-out', 'failed', 'forced'];

/** Gathers the metrics of one drain. Nothing is paid per request: live values are read when they are asked for. */
export class DrainMetrics {
  readonly #drain: Drain;
  readonly #completed = new Map<string, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  readonly #phases: MetricSample[] = [];
  readonly #resources: MetricSample[] = [];
  #inFlightAtStart = 0;
  #forceCancelled = 0;
  #enteredMs = 0;

  /** @param onDuration - told how long the drain took, in seconds, when it is over. */
  constructor(drain: Drain, onDuration: (seconds: number) => void) {
    this.#drain = drain;
    drain.on('phase', ({ previous, inFlight, elapsedMs }) => {
      if (previous === 'serving') this.#inFlightAtStart = inFlight;
      else this.#phases.push({ value: (elapsedMs - this.#enteredMs) / 1_000, labels: { phase: previous } });
      this.#enteredMs = elapsedMs;
    });
    drain.on('destroyed', ({ work }) => {
      this.#forceCancelled += work.length;
    });
    drain.on('resource', ({ resource: { name, outcome, ms } }) => {
      this.#resources.push({ value: ms / 1_000, labels: { resource: name, outcome } });
    });
    drain.on('report', ({ report }) => {
      this.#completed.set(report.outcome, 1);
      onDuration(report.totalMs / 1_000);
    });
  }

  /** The values of every metric now. */
  read(): Readonly<Record<GatheredMetric, readonly MetricSample[]>> {
    const { phase, inFlight, openConnections, servedLate, refused, stalled } = this.#drain.snapshot();
    return {
      inFlightAtStart: [plain(this.#inFlightAtStart)],
      forceCancelled: [plain(this.#forceCancelled)],
      completed: Array.from(this.#completed, ([outcome, value]) => ({ value, labels: { outcome } })),
      phase: PHASES.map((name) => ({ value: name === phase ? 1 : 0, labels: { phase: name } })),
      phaseDuration: this.#phases,
      inFlight: [plain(inFlight)],
      openConnections: [plain(openConnections)],
      servedLate: [plain(servedLate)],
      refused: [plain(refused)],
      stalled: [plain(stalled)],
      resourceDuration: this.#resources,
      gracePeriod: [plain(this.#drain.plan.gracePeriod / 1_000)],
    };
  }
}

function plain(value: number): MetricSample {
  return { value, labels: {} };
}
