import type { Cancel, Clock } from '../host.ts';
import type { Http2Work } from './http2-work.ts';

/**
 * Bounds the wait for the rest of a request: one whose body is silent for the stall timeout, before its answer has begun, is
 * answered with 408. Where the answer has begun, both sides may be talking (as gRPC does): that is left to the deadline.
 */
export class Http2ArrivalWatch {
  /** How many requests were ended. */
  stalled = 0;
  readonly #clock: Clock;
  readonly #stallTimeout: number;
  readonly #timers = new Map<Http2Work, Cancel>();

  constructor(clock: Clock, stallTimeout: number) {
    this.#clock = clock;
    this.#stallTimeout = stallTimeout;
  }

  watch(work: Http2Work): void {
    if (this.#timers.has(work)) return;
    const { arrived } = work;
    const check = (): void => {
      this.#timers.delete(work);
      if (work.stream.closed || work.stream.destroyed) return;
      if (!work.isWaitingForClient || work.arrived !== arrived) return this.watch(work);
      this.stalled += 1;
      work.timeOut();
    };
    this.#timers.set(work, this.#clock.setTimeout(check, this.#stallTimeout));
  }

  forget(work: Http2Work): void {
    this.#timers.get(work)?.();
    this.#timers.delete(work);
  }
}
