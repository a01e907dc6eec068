import { spawnSync } from 'node:child_process';
import parse from 'parse-prometheus-text-format';
import { Registry, register, type OpenMetricsContentType } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { METRIC_ROWS } from '../../src/metrics/metric-rows.ts';
import { PHASES, type Phase } from '../../src/phase.ts';
import { meterDrain } from '../../src/prom-client/index.ts';
import { closeAfter, measuredDrain, type MeasuredDrain } from '../measured-drain.ts';

afterEach(() => register.clear());

interface Metered extends MeasuredDrain {
  readonly registry: Registry;
}

function metered(): Metered {
  const measured = measuredDrain();
  const registry = new Registry();
  meterDrain(measured.drain, registry);
  return { ...measured, registry };
}

/** What a scrape sees, by metric. */
type Scrape = Readonly<Record<string, ReturnType<typeof parse>[number]>>;

async function scrape(registry: Registry): Promise<Scrape> {
  return Object.fromEntries(parse(await registry.metrics()).map((family) => [family.name, family]));
}

/** The value of a metric without labels. */
function value(scraped: Scrape, name: string): number {
  return Number(scraped[name]?.metrics[0]?.value);
}

/** The values of a metric by one of its labels. */
function by(label: string, scraped: Scrape, name: string): Record<string, number> {
  const samples = scraped[name]?.metrics ?? [];
  return Object.fromEntries(samples.map((sample) => [sample.labels?.[label] ?? '', Number(sample.value)]));
}

const only = (phase: Phase): Record<string, number> =>
  Object.fromEntries(PHASES.map((name) => [name, name === phase ? 1 : 0]));

test('a parser of the text format finds every metric, with its type and help', async () => {
  const { registry, host, drain } = metered();
  drain.resource('postgres', () => {});
  host.signal('SIGTERM');
  await host.advance(5_000);
  const scraped = await scrape(registry);
  const types = { histogram: 'HISTOGRAM', counter: 'COUNTER', updowncounter: 'GAUGE', gauge: 'GAUGE' };
  expect(Object.values(scraped).map(({ name, type, help }) => ({ name, type, help }))).toEqual(
    Object.values(METRIC_ROWS).map(({ prometheus: name, instrument, help }) => ({
      name,
      type: types[instrument],
      help,
    })),
  );
});

test('live values are those of the moment of the scrape', async () => {
  const { registry, drain, server } = metered();
  expect(value(await scrape(registry), 'drain_inflight')).toBe(0);
  server.begin('GET /a', 'GET /b');
  server.openConnections = 7;
  using _job = drain.enter('a job');
  const scraped = await scrape(registry);
  expect(value(scraped, 'drain_inflight')).toBe(3);
  expect(value(scraped, 'drain_open_connections')).toBe(7);
  expect(by('phase', scraped, 'drain_phase')).toEqual(only('serving'));
  expect(value(scraped, 'drain_grace_period_seconds')).toBe(30);
});

test('before any drain, counters are there at 0, so that an increase is seen', async () => {
  const scraped = await scrape(metered().registry);
  for (const name of [
    'drain_force_cancelled_total',
    'drain_late_requests_total',
    'drain_refused_total',
    'drain_stalled_connections_total',
  ]) {
    expect({ [name]: value(scraped, name) }).toEqual({ [name]: 0 });
  }
  expect(by('outcome', scraped, 'drain_completed_total')).toEqual({ clean: 0, 'timed-out': 0, failed: 0, forced: 0 });
  expect(scraped['drain_duration_seconds']?.metrics[0]?.count).toBe('0');
});

test('a clean drain is measured: its duration, its phases, its resources', async () => {
  const { registry, host, drain, server } = metered();
  server.begin('GET /a', 'GET /b');
  drain.resource('postgres', closeAfter(host, 250));
  host.signal('SIGTERM');
  await host.advance(5_000);
  server.late = 4;
  server.refused = 2;
  server.stalled = 1;
  let scraped = await scrape(registry);
  expect(by('phase', scraped, 'drain_phase')).toEqual(only('draining'));
  expect(by('phase', scraped, 'drain_phase_duration_seconds')).toEqual({ announcing: 5 });

  await host.advance(1_500);
  server.end();
  await host.advance(250);
  scraped = await scrape(registry);
  const [duration] = scraped['drain_duration_seconds']?.metrics ?? [];
  expect(duration).toMatchObject({ count: '1', sum: '6.75', buckets: { 5: '0', 7.5: '1', '+Inf': '1' } });
  expect(value(scraped, 'drain_inflight_at_start')).toBe(2);
  expect(by('phase', scraped, 'drain_phase')).toEqual(only('closed'));
  expect(by('phase', scraped, 'drain_phase_duration_seconds')).toEqual({ announcing: 5, draining: 1.5, closing: 0.25 });
  expect(by('resource', scraped, 'drain_resource_close_duration_seconds')).toEqual({ postgres: 0.25 });
  expect(by('outcome', scraped, 'drain_completed_total')).toMatchObject({ clean: 1, 'timed-out': 0 });
  expect(value(scraped, 'drain_late_requests_total')).toBe(4);
  expect(value(scraped, 'drain_refused_total')).toBe(2);
  expect(value(scraped, 'drain_stalled_connections_total')).toBe(1);
  expect(value(scraped, 'drain_force_cancelled_total')).toBe(0);
});

test('what is destroyed at the deadline is counted', async () => {
  const { registry, host, drain, server } = metered();
  server.begin('GET /hang', 'GET /hang', 'GET /hang');
  drain.resource('queue', closeAfter(host, 0, new Error('it does not close')));
  host.signal('SIGTERM');
  await host.advance(5_000 + 10_000 + 500);
  const scraped = await scrape(registry);
  expect(value(scraped, 'drain_force_cancelled_total')).toBe(3);
  expect(by('outcome', scraped, 'drain_completed_total')).toMatchObject({ failed: 1, clean: 0 });
  expect(by('outcome', scraped, 'drain_resource_close_duration_seconds')).toEqual({ failed: 0 });
});

test('scraping twice does not count twice', async () => {
  const { registry, server } = metered();
  server.late = 3;
  await scrape(registry);
  expect(value(await scrape(registry), 'drain_late_requests_total')).toBe(3);
});

test("without a registry, they are in prom-client's own", async () => {
  meterDrain(measuredDrain().drain);
  expect(Object.keys(await scrape(register))).toContain('drain_duration_seconds');
});

test('one registry takes the metrics of one drain', () => {
  const { registry } = metered();
  expect(() => meterDrain(measuredDrain().drain, registry)).toThrow('already been registered');
});

test('a registry of OpenMetrics takes them too', async () => {
  const { drain } = measuredDrain();
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  meterDrain(drain, registry);
  const text = await registry.metrics();
  expect(text).toContain('# TYPE drain_force_cancelled counter\ndrain_force_cancelled_total 0\n');
  expect(text).toMatch(/# EOF\n$/);
});

const promtool = spawnSync('promtool', ['--version']).error === undefined;
const required = process.env['DRAINKIT_REQUIRE_SERVICES'] === '1';

describe.skipIf(!promtool && !required)(`promtool${promtool ? '' : ' (not installed)'}`, () => {
  test('names, units and help follow the conventions, as promtool checks them', async () => {
    const { registry, host, drain, server } = metered();
    server.begin('GET /a');
    drain.resource('postgres', () => {});
    host.signal('SIGTERM');
    await host.advance(20_000);
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: await registry.metrics(),
      encoding: 'utf8',
    });
    expect({ said: stdout + stderr, status }).toEqual({ said: '', status: 0 });
  });
});
