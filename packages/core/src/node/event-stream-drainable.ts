import type { ServerResponse } from 'node:http';
import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import { show, type DrainPlan } from '../plan/drain-plan.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';
import { Spread } from './spread.ts';

/** As much of a response as an event stream needs; HTTP/2's has it too. */
export type EventStream = Pick<ServerResponse, 'write' | 'end' | 'once' | 'writableEnded'>;

export interface EventStreamOptions {
  /** After how long a client is to connect again, at least; it is told up to twice that, at random. Milliseconds or `'1s'`. @default '1s' */
  readonly retry?: Duration;
}

/**
 * Server-sent event streams as a Drainable. Each is sent a last `retry:` and ended, at a moment of its own, spread over the
 * window: an EventSource connects again by itself, to a server that stays. The requests themselves are counted by their server.
 */
export class EventStreamDrainable implements Drainable {
  readonly name = 'event-stream';
  readonly inFlight = 0;
  readonly #window: number;
  readonly #ending: Spread<EventStream>;
  readonly #open = new Map<EventStream, number>();
  readonly #drained = deferred<void>();
  #announced = false;
  #refusing = false;

  constructor(plan: DrainPlan, clock: Clock) {
    this.#window = plan.window;
    this.#ending = new Spread(clock, (stream) => this.#end(stream));
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
    this.#open.set(stream, ms);
    stream.once('close', () => {
      this.#open.delete(stream);
      this.#settle();
    });
    if (this.#announced) this.#ending.add(stream);
  }

  work(): WorkItem[] {
    return [];
  }

  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#ending.start(this.#open.keys(), this.#window);
  }

  refuse(): void {
    this.#refusing = true;
    this.#ending.finish();
    this.#settle();
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  force(): void {}

  abort(): void {
    this.#drained.resolve();
  }

  #end(stream: EventStream): void {
    const retry = this.#open.get(stream);
    if (retry === undefined || stream.writableEnded) return;
    stream.write(`retry: ${Math.round(retry * (1 + Math.random()))}\n\n`);
    stream.end();
  }

  #settle(): void {
    if (this.#refusing && this.#open.size === 0) this.#drained.resolve();
  }
}
