import { metrics as api, type Attributes, type Meter, type Observable } from '@opentelemetry/api';
import type { Drain } from '../drain.ts';
import { DrainMetrics, type MetricSample } from '../metrics/drain-metrics.ts';
import { DURATION_BUCKETS, METRIC_ROWS, type GatheredMetric, type MetricRow } from '../metrics/metric-rows.ts';

/**
 * Makes instruments for the metrics of a drain. Live values are read at each collection; nothing is paid per request.
 *
 * @param meter - that of the app. By default one of the global meter provider, which has to be set by then.
 */
export function meterDrain(drain: Drain, meter: Meter = api.getMeter('@drainkit/core')): void {
  const { duration, ...gathered } = METRIC_ROWS;
  const histogram = meter.createHistogram(duration.opentelemetry, {
    ...described(duration),
    advice: { explicitBucketBoundaries: [...DURATION_BUCKETS] },
  });
  const metrics = new DrainMetrics(drain, (seconds) => histogram.record(seconds));

  const instruments = (Object.entries(gathered) as [GatheredMetric, MetricRow][]).map(
    ([key, row]) => [key, observable(meter, row)] as const,
  );
  meter.addBatchObservableCallback(
    (result) => {
      const now = metrics.read();
      for (const [key, instrument] of instruments) {
        for (const sample of now[key]) result.observe(instrument, sample.value, attributesOf(sample));
      }
    },
    instruments.map(([, instrument]) => instrument),
  );
}

function observable(meter: Meter, row: MetricRow): Observable {
  switch (row.instrument) {
    case 'counter':
      return meter.createObservableCounter(row.opentelemetry, described(row));
    case 'updowncounter':
      return meter.createObservableUpDownCounter(row.opentelemetry, described(row));
    default:
      return meter.createObservableGauge(row.opentelemetry, described(row));
  }
}

function described({ help, unit }: MetricRow): { description: string; unit: string } {
  return { description: help, unit };
}

/** `phase` as `drain.phase`: attributes have one namespace for all, labels have that of their metric. */
function attributesOf({ labels }: MetricSample): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`drain.${name}`, value]));
}
