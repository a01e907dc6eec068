import { metrics as api } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { expect, onTestFinished, test } from 'vitest';
import { METRIC_ROWS, type MetricRow } from '../../src/metrics/metric-rows.ts';
import { meterDrain } from '../../src/opentelemetry/index.ts';
import { closeAfter, measuredDrain, type MeasuredDrain } from '../measured-drain.ts';

interface Metered extends MeasuredDrain {
  /** What the SDK exports now, by metric. */
  readonly collect: () => Promise<Readonly<Record<string, MetricData>>>;
}

/** A meter provider of the real SDK. */
function sdk(): { provider: MeterProvider; collect: Metered['collect'] } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  const collect = async (): Promise<Readonly<Record<string, MetricData>>> => {
    exporter.reset();
    await provider.forceFlush();
    const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return Object.fromEntries(
      scopes.flatMap(({ metrics }) => metrics).map((metric) => [metric.descriptor.name, metric]),
    );
  };
  return { provider, collect };
}

function metered(): Metered {
  const measured = measuredDrain();
  const { provider, collect } = sdk();
  meterDrain(measured.drain, provider.getMeter('test'));
  return { ...measured, collect };
}

/** The values of a metric, by the value of its one attribute, or as `''`. */
function values(metric: MetricData | undefined, attribute = ''): Record<string, unknown> {
  return Object.fromEntries(
    (metric?.dataPoints ?? []).map(({ attributes, value }) => [String(attributes[attribute] ?? ''), value]),
  );
}

test('the SDK exports every metric, with its unit and description', async () => {
  const { host, drain, collect } = metered();
  drain.resource('postgres', () => {});
  host.signal('SIGTERM');
  await host.advance(5_000);
  const exported = Object.values(await collect()).map(({ descriptor: { name, unit, description } }) => ({
    name,
    unit,
    description,
  }));
  const expected = Object.values(METRIC_ROWS).map(({ opentelemetry: name, unit, help: description }) => ({
    name,
    unit,
    description,
  }));
  expect(new Set(exported)).toEqual(new Set(expected));
});

test('counters are monotonic sums, what goes up and down is a sum that is not, the rest are gauges', async () => {
  const { host, drain, collect } = metered();
  drain.resource('postgres', () => {});
  host.signal('SIGTERM');
  await host.advance(5_000);
  const exported = await collect();
  const kind = (metric: MetricData | undefined): string => {
    if (metric?.dataPointType === DataPointType.SUM) return metric.isMonotonic ? 'counter' : 'updowncounter';
    return metric?.dataPointType === DataPointType.GAUGE ? 'gauge' : 'histogram';
  };
  for (const { opentelemetry: name, instrument } of Object.values(METRIC_ROWS)) {
    expect({ [name]: kind(exported[name]) }).toEqual({ [name]: instrument });
  }
});

test('a drain is measured', async () => {
  const { host, drain, server, collect } = metered();
  server.begin('GET /a', 'GET /b');
  server.openConnections = 9;
  drain.resource('postgres', closeAfter(host, 250));
  host.signal('SIGTERM');
  await host.advance(6_000);
  server.late = 2;
  let exported = await collect();
  expect(values(exported['drain.inflight'])).toEqual({ '': 2 });
  expect(values(exported['drain.open_connections'])).toEqual({ '': 9 });
  expect(values(exported['drain.phase'], 'drain.phase')).toMatchObject({ serving: 0, draining: 1, closed: 0 });
  expect(exported['drain.duration']).toBe(undefined);

  server.end();
  await host.advance(250);
  exported = await collect();
  expect(values(exported['drain.duration'])['']).toMatchObject({ count: 1, sum: 6.25 });
  expect(values(exported['drain.inflight_at_start'])).toEqual({ '': 2 });
  expect(values(exported['drain.late_requests'])).toEqual({ '': 2 });
  expect(values(exported['drain.completed'], 'drain.outcome')).toMatchObject({ clean: 1, forced: 0 });
  expect(values(exported['drain.phase.duration'], 'drain.phase')).toEqual({
    announcing: 5,
    draining: 1,
    closing: 0.25,
  });
  expect(values(exported['drain.resource.close.duration'], 'drain.resource')).toEqual({ postgres: 0.25 });
  expect(values(exported['drain.grace_period'])).toEqual({ '': 30 });
});

test('without a meter, it is one of the global meter provider', async () => {
  const { provider, collect } = sdk();
  api.setGlobalMeterProvider(provider);
  onTestFinished(() => api.disable());
  meterDrain(measuredDrain().drain);
  expect(Object.keys(await collect())).toContain('drain.inflight');
});

/** As the compatibility specification of OpenTelemetry and Prometheus has it. */
function translated({ opentelemetry, unit, instrument }: MetricRow): string {
  const base = opentelemetry.replaceAll('.', '_');
  // A unit in braces says what is counted, and is no unit.
  const withUnit = unit === 's' ? `${base}_seconds` : base;
  return instrument === 'counter' ? `${withUnit}_total` : withUnit;
}

test.each(Object.values(METRIC_ROWS))('$opentelemetry is $prometheus in Prometheus', (row) => {
  expect(translated(row)).toBe(row.prometheus);
});
