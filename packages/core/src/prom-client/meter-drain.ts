import { Counter, Gauge, Histogram, register, type Registry, type RegistryContentType } from 'prom-client';
import type { Drain } from '../drain.ts';
import { DrainMetrics, type MetricSample } from '../metrics/drain-metrics.ts';
import { DURATION_BUCKETS, METRIC_ROWS, type GatheredMetric, type MetricRow } from '../metrics/metric-rows.ts';

/**
 * Registers the metrics of a drain. Live values are read at each collection; nothing is paid per request.
 *
 * @param registry - that of the app, where it is not prom-client's own.
 * @throws Error where the registry has them already: one registry takes the metrics of one drain.
 */
export function meterDrain<ContentType extends RegistryContentType>(
  drain: Drain,
  registry: Registry<ContentType> = register as Registry<ContentType>,
): void {
  const { duration, ...gathered } = METRIC_ROWS;
  const histogram = new Histogram({ ...named(duration), buckets: [...DURATION_BUCKETS], registers: [] });
  registry.registerMetric(histogram);
  const metrics = new DrainMetrics(drain, (seconds) => histogram.observe(seconds));

  for (const [key, row] of Object.entries(gathered) as [GatheredMetric, MetricRow][]) {
    registry.registerMetric(
      row.instrument === 'counter' ? counter(row, () => metrics.read()[key]) : gauge(row, () => metrics.read()[key]),
    );
  }
}

/** What it counts is counted already: each collection takes the total over. */
function counter(row: MetricRow, read: () => readonly MetricSample[]): Counter {
  return new Counter({
    ...named(row),
    registers: [],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.inc(labels, value);
    },
  });
}

function gauge(row: MetricRow, read: () => readonly MetricSample[]): Gauge {
  return new Gauge({
    ...named(row),
    registers: [],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.set(labels, value);
    },
  });
}

function named({ prometheus, help, labels }: MetricRow): { name: string; help: string; labelNames: string[] } {
  return { name: prometheus, help, labelNames: [...labels] };
}
