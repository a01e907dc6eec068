import { context, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import type { Drain } from '../drain.ts';
import type { DrainEventOf } from '../drain-event.ts';

/**
 * Makes one span of a drain, `drain`, with a child for each phase, and under `drain closing` one for the framework and for
 * each resource, `close postgres`. It is a root span: a signal belongs to no request. Times are those of the report.
 *
 * A span is lost that ends after its SDK was shut down: have that done by `drain.flusher()`, not by `drain.resource()`.
 *
 * @param tracer - that of the app. By default one of the global tracer provider.
 */
export function traceDrain(drain: Drain, tracer: Tracer = trace.getTracer('@drainkit/core')): void {
  const spans = new DrainSpans(drain, tracer);
  drain.on('trigger', (event) => spans.onTrigger(event));
  drain.on('phase', (event) => spans.onPhase(event));
  drain.on('deadline', (event) => spans.onWork('drain.deadline', event));
  drain.on('destroyed', (event) => spans.onWork('drain.destroyed', event));
  drain.on('resource', (event) => spans.onResource(event));
  drain.on('fault', (event) => spans.onFault(event));
  drain.on('report', (event) => spans.onReport(event));
}

class DrainSpans {
  readonly #drain: Drain;
  readonly #tracer: Tracer;
  #whole: Span | undefined;
  /** The last one, also when it has ended: what is given up at the very end belongs to it. */
  #phase: Span | undefined;
  /** What began the drain, before it had a span. */
  #fault: Error | undefined;

  constructor(drain: Drain, tracer: Tracer) {
    this.#drain = drain;
    this.#tracer = tracer;
  }

  onTrigger({ trigger: { kind, reason } }: DrainEventOf<'trigger'>): void {
    const attributes = { 'drain.trigger.kind': kind, 'drain.trigger.reason': reason };
    this.#whole = this.#tracer.startSpan('drain', { root: true, startTime: this.#timeAt(0), attributes });
    if (this.#fault !== undefined) this.#whole.recordException(this.#fault, this.#timeAt(0));
  }

  onPhase({ phase, inFlight, elapsedMs }: DrainEventOf<'phase'>): void {
    const at = this.#timeAt(elapsedMs);
    this.#phase?.end(at);
    if (phase === 'closed') return;
    const attributes = { 'drain.phase': phase, 'drain.inflight': inFlight };
    this.#phase = this.#child(this.#whole, `drain ${phase}`, at, attributes);
  }

  onWork(name: string, { work }: DrainEventOf<'deadline' | 'destroyed'>): void {
    const attributes = { 'drain.inflight': work.length, 'drain.work': work.map((item) => item.name) };
    this.#phase?.addEvent(name, attributes, this.#timeAt(this.#elapsedMs));
    this.#phase?.setStatus({ code: SpanStatusCode.ERROR, message: `${work.length} in flight at the deadline` });
  }

  onResource({ resource: { name, outcome, ms, error } }: DrainEventOf<'resource'>): void {
    const endedMs = this.#elapsedMs;
    const attributes = { 'drain.resource': name, 'drain.resource.outcome': outcome };
    const span = this.#child(this.#phase, `close ${name}`, this.#timeAt(endedMs - ms), attributes);
    if (error instanceof Error) span?.recordException(error, this.#timeAt(endedMs));
    if (outcome !== 'closed') span?.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
    span?.end(this.#timeAt(endedMs));
  }

  onFault({ fault: { error } }: DrainEventOf<'fault'>): void {
    if (!(error instanceof Error)) return;
    if (this.#whole === undefined) this.#fault = error;
    else this.#whole.recordException(error, this.#timeAt(this.#elapsedMs));
  }

  onReport({ report }: DrainEventOf<'report'>): void {
    this.#whole?.setAttributes({
      'drain.outcome': report.outcome,
      'drain.exit_code': report.exitCode,
      'drain.window.end': report.windowEnd,
      'drain.inflight_at_start': report.inFlightAtStart,
      'drain.late_requests': report.servedLate,
      'drain.refused': report.refused,
      'drain.stalled_connections': report.stalled,
      'drain.force_cancelled': report.aborted.length,
    });
    if (report.outcome !== 'clean') this.#whole?.setStatus({ code: SpanStatusCode.ERROR, message: report.outcome });
    this.#whole?.end(this.#timeAt(report.totalMs));
    this.#whole = undefined;
    this.#phase = undefined;
  }

  get #elapsedMs(): number {
    return this.#drain.snapshot().elapsedMs;
  }

  /** On the wall clock, counted from when the drain began: a clock that is set meanwhile moves nothing. */
  #timeAt(elapsedMs: number): Date {
    return new Date((this.#drain.snapshot().startedAt?.getTime() ?? Date.now()) + elapsedMs);
  }

  #child(
    parent: Span | undefined,
    name: string,
    startTime: Date,
    attributes: Record<string, string | number>,
  ): Span | undefined {
    if (parent === undefined) return undefined;
    return this.#tracer.startSpan(name, { startTime, attributes }, trace.setSpan(context.active(), parent));
  }
}
