import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { DrainError } from '../drain-error.ts';
import { show, type DrainPlan } from '../plan/drain-plan.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';
import { ClientsDrainable } from './clients-drainable.ts';

/** As much of a response as an event stream needs; HTTP/2's has it too. */
export type EventStream = Pick<ServerResponse, 'write' | 'end' | 'once' | 'writableEnded' | 'destroyed'>;

export interface EventStreamOptions {
  /** After how long a client is to connect again, at least; it is told up to twice that, at random. Milliseconds or `'1s'`. @default '1s' */
  readonly retry?: Duration;
}

/**
 * Server-sent event streams: each is sent a last `retry:` and ended. An EventSource connects again by itself, to a server
 * that stays.
 */
export class EventStreamDrainable extends ClientsDrainable<EventStream> {
  readonly #retries = new WeakMap<EventStream, number>();

  constructor(plan: DrainPlan, clock: Clock) {
    super('event-stream', plan.window, clock);
  }

  /**
   * Ends the stream in the course of the drain, if it has not ended before.
   *
   * @throws DrainError `DRAIN_CLIENTS_INVALID` for a `retry` that is no duration.
   */
  track(stream: EventStream, { retry = 1_000 }: EventStreamOptions): void {
    const ms = parseDuration(retry);
    if (ms === undefined) {
      throw new DrainError(
        'DRAIN_CLIENTS_INVALID',
        `eventStream(): retry is ${show(retry)}; allowed: ${DURATION_FORM}`,
      );
    }
    if (isGone(stream)) return;
    this.#retries.set(stream, ms);
    this.add(stream);
  }

  protected tell(stream: EventStream): void {
    const retry = this.#retries.get(stream);
    if (retry === undefined || stream.writableEnded || !this.open.has(stream)) return;
    stream.write(`retry: ${Math.round(retry * (1 + Math.random()))}\n\n`);
    stream.end();
  }
}

/** Whether its client has left already: there is no 'close' to come. */
function isGone(response: EventStream): boolean {
  if ('stream' in response) return (response as unknown as Http2ServerResponse).stream.destroyed;
  return response.destroyed;
}
