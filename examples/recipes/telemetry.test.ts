import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExportResultCode } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { spawnApp, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { telemetry } from './telemetry.ts';
import { testDrain } from './test-drain.ts';

/** The SDK with its batching, which exports nothing by itself within the test. */
function tracing(onExport: (spans: readonly ReadableSpan[], done: () => void) => void): BasicTracerProvider {
  const exporter: SpanExporter = {
    export: (spans, callback) => onExport(spans, () => callback({ code: ExportResultCode.SUCCESS })),
    shutdown: async () => {},
  };
  return new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 60_000 })],
  });
}

test('spans of the work in flight, and of what closes after it, are exported once, and last', async () => {
  const exported: string[] = [];
  const provider = tracing((spans, done) => {
    exported.push(...spans.map(({ name }) => name));
    done();
  });
  const tracer = provider.getTracer('test');
  const drain = testDrain();
  drain.component(telemetry(provider));
  drain.resource('database', () => tracer.startSpan('closing the database').end());
  const span = tracer.startSpan('a job');
  const job = drain.track(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    span.end();
  }, 'a job');

  const report = await drain.start('test');
  await job;

  expect(report.resources.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['database', 'closed'],
    ['telemetry', 'closed'],
  ]);
  expect(exported).toEqual(['a job', 'closing the database']);
});

test('a collector that does not answer holds the end up for the bound of the telemetry, and is named', async () => {
  const provider = tracing(() => {});
  const drain = testDrain({ gracePeriod: 2_000, window: 0, closeTimeout: 100, forceGrace: 50 });
  drain.component({ ...telemetry(provider), stop: '200ms' });
  provider.getTracer('test').startSpan('a job').end();

  const report = await within('the drain', 2_000, drain.start('test'));

  expect(report.resources).toMatchObject([{ name: 'telemetry', outcome: 'hung' }]);
});

/** A process is slow to start, and a thread in it, where processors are few. */
const timeout = 60_000;

test.each(['destination', 'transport'])(
  'pino through a %s that buffers loses no line, the report included',
  { timeout },
  async (kind) => {
    const directory = await mkdtemp(join(tmpdir(), 'drainkit-pino-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'log');
    await using app = await spawnApp(new URL('test-pino-app.ts', import.meta.url), {
      args: [kind, file],
      readyPattern: /running/,
      startTimeout: 30_000,
    });

    app.signal('SIGTERM');
    expect(await within('the app to exit', 10_000, app.exited)).toMatchObject({ code: 0 });

    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    expect(lines.filter(({ msg }) => msg.startsWith('line '))).toHaveLength(100);
    const report = lines.findIndex(({ msg }) => msg.endsWith('exit code 0'));
    expect(lines[report - 1]?.msg).toMatch(/^drain: closed,/);
    // Where the thread of a transport is slow to go, one more says so.
    expect(lines.slice(report + 1).every(({ msg }) => msg.includes('MessagePort'))).toBe(true);
  },
);
