import type { Cancel, Clock } from '../host.ts';

/** Something on which a request arrives: an HTTP/1 connection, an HTTP/2 stream. */
export interface Arrival {
  /** Whether a part of the request is still to come. */
  readonly isArriving: boolean;
  /** Changes whenever the request gets on. */
  readonly arrived: number;
  /** Whether it is not for the client to mend: what has arrived waits to be read, or the answer has begun. */
  readonly isHeldUp: boolean;
  /** Ends it. */
  timeOut(): void;
}

/**
 * Bounds the wait for the rest of a request: one that gets on by nothing for the stall timeout is ended. A body that goes on
 * arriving is left to the deadline.
 */
export class ArrivalWatch<Item extends Arrival> {
  /** How many were ended. */
  stalled = 0;
  readonly #clock: Clock;
  readonly #stallTimeout: number;
  readonly #timers = new Map<Item, Cancel>();

  constructor(clock: Clock, stallTimeout: number) {
    this.#clock = clock;
    this.#stallTimeout = stallTimeout;
  }

  /** Does nothing where no request is arriving, or which is watched already. */
  watch(item: Item): void {
    if (!item.isArriving || this.#timers.has(item)) return;
    const { arrived } = item;
    const check = (): void => {
      this.#timers.delete(item);
      if (!item.isArriving) return;
      if (item.arrived !== arrived || item.isHeldUp) return this.watch(item);
      this.stalled += 1;
      item.timeOut();
    };
    this.#timers.set(item, this.#clock.setTimeout(check, this.#stallTimeout));
  }

  forget(item: Item): void {
    this.#timers.get(item)?.();
    this.#timers.delete(item);
  }
}
