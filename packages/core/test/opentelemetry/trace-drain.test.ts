import { SpanStatusCode, trace as api } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { eventually } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { traceDrain } from '../../src/opentelemetry/index.ts';
import { closeAfter, measuredDrain, type MeasuredDrain } from '../measured-drain.ts';

interface Traced extends MeasuredDrain {
  readonly exporter: InMemorySpanExporter;
}

/** A tracer provider of the real SDK. */
function sdk(): { provider: BasicTracerProvider; exporter: InMemorySpanExporter } {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  onTestFinished(() => provider.shutdown());
  return { provider, exporter };
}

function traced(): Traced {
  const measured = measuredDrain();
  const { provider, exporter } = sdk();
  traceDrain(measured.drain, provider.getTracer('test'));
  return { ...measured, exporter };
}

const milliseconds = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1_000 + nanoseconds / 1e6;

/** The spans as a tree: `name from–to`, in milliseconds since the drain began, in the order in which they began. */
function tree(exporter: InMemorySpanExporter): string[] {
  const spans = exporter.getFinishedSpans();
  const root = span(exporter, 'drain');
  const zero = milliseconds(root.startTime);
  const lines: string[] = [];
  const add = (one: ReadableSpan, depth: number): void => {
    lines.push(
      `${'  '.repeat(depth)}${one.name} ${milliseconds(one.startTime) - zero}–${milliseconds(one.endTime) - zero}`,
    );
    for (const child of spans) if (child.parentSpanContext?.spanId === one.spanContext().spanId) add(child, depth + 1);
  };
  add(root, 0);
  expect(lines).toHaveLength(spans.length);
  return lines;
}

function span(exporter: InMemorySpanExporter, name: string): ReadableSpan {
  const found = exporter.getFinishedSpans().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no span '${name}'`);
  return found;
}

test('a drain is one span, with a child for each phase, and one for the framework and each resource', async () => {
  const { host, drain, server, exporter } = traced();
  server.begin('GET /a');
  drain.resource('postgres', closeAfter(host, 100));
  drain.resource('redis', closeAfter(host, 40));
  drain.framework('fastify', closeAfter(host, 10));
  host.signal('SIGTERM');
  await host.advance(5_400);
  server.end();
  await host.advance(1_000);
  expect(tree(exporter)).toEqual([
    'drain 0–5550',
    '  drain announcing 0–5000',
    '  drain draining 5000–5400',
    '  drain closing 5400–5550',
    '    close fastify 5400–5410',
    '    close redis 5410–5450',
    '    close postgres 5450–5550',
  ]);
});

test('the span says what began the drain and what came of it', async () => {
  const { host, drain, server, exporter } = traced();
  server.begin('GET /a', 'GET /b');
  drain.resource('postgres', () => {});
  const began = host.clock.date().getTime();
  host.signal('SIGTERM');
  await host.advance(5_000);
  server.end();
  await host.advance(0);
  const { attributes, status, startTime, parentSpanContext } = span(exporter, 'drain');
  expect(attributes).toEqual({
    'drain.trigger.kind': 'signal',
    'drain.trigger.reason': 'SIGTERM',
    'drain.outcome': 'clean',
    'drain.exit_code': 0,
    'drain.window.end': 'elapsed',
    'drain.inflight_at_start': 2,
    'drain.late_requests': 0,
    'drain.refused': 0,
    'drain.stalled_connections': 0,
    'drain.force_cancelled': 0,
  });
  expect(status.code).toBe(SpanStatusCode.UNSET);
  expect(milliseconds(startTime)).toBe(began);
  expect(parentSpanContext).toBe(undefined);
  expect(span(exporter, 'drain announcing').attributes).toEqual({ 'drain.phase': 'announcing', 'drain.inflight': 2 });
  expect(span(exporter, 'close postgres').attributes).toEqual({
    'drain.resource': 'postgres',
    'drain.resource.outcome': 'closed',
  });
});

test('what is in flight at the deadline is an error of its phase, and named', async () => {
  const { host, server, exporter } = traced();
  server.begin('GET /hang/:id');
  host.signal('SIGTERM');
  await host.advance(15_500);
  const draining = span(exporter, 'drain draining');
  expect(draining.status).toMatchObject({ code: SpanStatusCode.ERROR, message: '1 in flight at the deadline' });
  expect(draining.events.map(({ name, attributes }) => ({ name, ...attributes }))).toEqual([
    { name: 'drain.deadline', 'drain.inflight': 1, 'drain.work': ['GET /hang/:id'] },
    { name: 'drain.destroyed', 'drain.inflight': 1, 'drain.work': ['GET /hang/:id'] },
  ]);
  const offsets = draining.events.map(({ time }) => milliseconds(time) - milliseconds(draining.startTime));
  expect(offsets).toEqual([10_000, 10_500]);
  expect(span(exporter, 'drain')).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'timed-out' },
    attributes: { 'drain.outcome': 'timed-out', 'drain.force_cancelled': 1 },
  });
});

test('a resource that fails is an error of its span, with what it threw', async () => {
  const { host, drain, exporter } = traced();
  drain.resource('postgres', () => {});
  drain.resource('redis', closeAfter(host, 20, new Error('connection lost')));
  void drain.close();
  await host.advance(20);
  const redis = span(exporter, 'close redis');
  expect(redis.status).toMatchObject({ code: SpanStatusCode.ERROR, message: 'failed' });
  expect(redis.events[0]).toMatchObject({ name: 'exception', attributes: { 'exception.message': 'connection lost' } });
  expect(span(exporter, 'close postgres').status.code).toBe(SpanStatusCode.UNSET);
});

describe('a drain that ends before its time', () => {
  test('an uncaught exception that began it is on its span', async () => {
    const { host, exporter } = traced();
    host.fault(new Error('nobody caught this'));
    await host.advance(0);
    const { events, attributes } = span(exporter, 'drain');
    expect(events).toMatchObject([{ name: 'exception', attributes: { 'exception.message': 'nobody caught this' } }]);
    expect(attributes).toMatchObject({ 'drain.trigger.kind': 'fault', 'drain.outcome': 'failed' });
  });

  test('after a second signal every span has ended, also those of resources that never came to their turn', async () => {
    const { host, drain, exporter } = traced();
    drain.resource('postgres', () => {});
    drain.resource('redis', () => new Promise(() => {}));
    host.signal('SIGINT');
    await host.advance(100);
    host.signal('SIGTERM');
    await host.advance(0);
    expect(tree(exporter)).toEqual([
      'drain 0–100',
      '  drain announcing 0–0',
      '  drain draining 0–0',
      '  drain closing 0–100',
      '    close redis 0–100',
      '    close postgres 100–100',
    ]);
    expect(span(exporter, 'close redis').attributes['drain.resource.outcome']).toBe('hung');
    expect(span(exporter, 'close postgres').attributes['drain.resource.outcome']).toBe('skipped');
  });
});

test('without a tracer, it is one of the global tracer provider', async () => {
  const { provider, exporter } = sdk();
  api.setGlobalTracerProvider(provider);
  onTestFinished(() => api.disable());
  const { host, drain } = measuredDrain();
  traceDrain(drain);
  void drain.close();
  await host.advance(0);
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toContain('drain');
});

test('an SDK that is shut down by a flusher exports every span of the drain', async () => {
  const exporter = new InMemorySpanExporter();
  const exported: string[] = [];
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const { host, drain } = measuredDrain();
  traceDrain(drain, provider.getTracer('test'));
  drain.flusher('opentelemetry', async () => {
    await provider.forceFlush();
    exported.push(...exporter.getFinishedSpans().map(({ name }) => name));
    await provider.shutdown();
  });
  drain.resource('postgres', () => {});
  host.signal('SIGINT');
  await eventually('the SDK to be flushed', () => host.exitCode !== undefined);
  expect(new Set(exported)).toEqual(
    new Set(['drain', 'drain announcing', 'drain draining', 'drain closing', 'close postgres']),
  );
});
