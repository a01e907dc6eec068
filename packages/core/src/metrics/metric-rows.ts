/** One metric, as every adapter offers it. */
export interface MetricRow {
  /** As Prometheus names it: base units and suffixes are in the name. */
  readonly prometheus: string;
  /** As OpenTelemetry names it; the unit is apart. */
  readonly opentelemetry: string;
  /** OpenTelemetry's kind of instrument. To Prometheus an up-down counter is a gauge. */
  readonly instrument: 'histogram' | 'counter' | 'updowncounter' | 'gauge';
  /** As UCUM writes it. */
  readonly unit: string;
  readonly help: string;
  /** Prometheus labels; as OpenTelemetry attributes they begin with `drain.`. */
  readonly labels: readonly string[];
}

export type MetricKey =
  | 'duration'
  | 'inFlightAtStart'
  | 'forceCancelled'
  | 'completed'
  | 'phase'
  | 'phaseDuration'
  | 'inFlight'
  | 'openConnections'
  | 'servedLate'
  | 'refused'
  | 'stalled'
  | 'resourceDuration'
  | 'gracePeriod';

/** What is told at collection. The histogram is told once, when a drain is over. */
export type GatheredMetric = Exclude<MetricKey, 'duration'>;

/** Every metric. The table in docs/metrics.md holds the same rows; a test keeps them equal. */
export const METRIC_ROWS: Readonly<Record<MetricKey, MetricRow>> = {
  duration: {
    prometheus: 'drain_duration_seconds',
    opentelemetry: 'drain.duration',
    instrument: 'histogram',
    unit: 's',
    help: 'How long a drain took, from its trigger to its report',
    labels: [],
  },
  inFlightAtStart: {
    prometheus: 'drain_inflight_at_start',
    opentelemetry: 'drain.inflight_at_start',
    instrument: 'gauge',
    unit: '{operation}',
    help: 'Requests and jobs in flight when the drain began; 0 before it',
    labels: [],
  },
  forceCancelled: {
    prometheus: 'drain_force_cancelled_total',
    opentelemetry: 'drain.force_cancelled',
    instrument: 'counter',
    unit: '{operation}',
    help: 'Requests and jobs destroyed because their time was up',
    labels: [],
  },
  completed: {
    prometheus: 'drain_completed_total',
    opentelemetry: 'drain.completed',
    instrument: 'counter',
    unit: '{drain}',
    help: 'Drains that are over, by outcome',
    labels: ['outcome'],
  },
  phase: {
    prometheus: 'drain_phase',
    opentelemetry: 'drain.phase',
    instrument: 'updowncounter',
    unit: '{phase}',
    help: '1 for the phase in which the drain is, 0 for the others',
    labels: ['phase'],
  },
  phaseDuration: {
    prometheus: 'drain_phase_duration_seconds',
    opentelemetry: 'drain.phase.duration',
    instrument: 'gauge',
    unit: 's',
    help: 'How long each phase of the drain lasted, once it is over',
    labels: ['phase'],
  },
  inFlight: {
    prometheus: 'drain_inflight',
    opentelemetry: 'drain.inflight',
    instrument: 'updowncounter',
    unit: '{operation}',
    help: 'Requests and jobs in flight now',
    labels: [],
  },
  openConnections: {
    prometheus: 'drain_open_connections',
    opentelemetry: 'drain.open_connections',
    instrument: 'updowncounter',
    unit: '{connection}',
    help: 'Clients connected now; over HTTP/2 a session counts as one',
    labels: [],
  },
  servedLate: {
    prometheus: 'drain_late_requests_total',
    opentelemetry: 'drain.late_requests',
    instrument: 'counter',
    unit: '{request}',
    help: 'Requests that came after the window and were served all the same',
    labels: [],
  },
  refused: {
    prometheus: 'drain_refused_total',
    opentelemetry: 'drain.refused',
    instrument: 'counter',
    unit: '{operation}',
    help: 'Requests and jobs refused because of the drain',
    labels: [],
  },
  stalled: {
    prometheus: 'drain_stalled_connections_total',
    opentelemetry: 'drain.stalled_connections',
    instrument: 'counter',
    unit: '{connection}',
    help: 'Connections ended because they stopped in the middle of sending a request',
    labels: [],
  },
  resourceDuration: {
    prometheus: 'drain_resource_close_duration_seconds',
    opentelemetry: 'drain.resource.close.duration',
    instrument: 'gauge',
    unit: 's',
    help: 'How long the framework and each resource took to close, once it has',
    labels: ['resource', 'outcome'],
  },
  gracePeriod: {
    prometheus: 'drain_grace_period_seconds',
    opentelemetry: 'drain.grace_period',
    instrument: 'gauge',
    unit: 's',
    help: 'What the platform gives from the signal to SIGKILL, as the drain was told',
    labels: [],
  },
};

/** The upper bounds of the histogram's buckets, in seconds: up to what platforms give. */
export const DURATION_BUCKETS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 25, 30, 60, 90, 120];
