import type { ServerResponse } from 'node:http';
import type { Drain } from '@drainkit/core';

/** When things happened, in milliseconds since the epoch, finer than Date has it. */
export interface ServerTimes {
  windowEnded: number;
  lastResponse: number;
  /** Nothing is in flight any more: the resources begin to close. */
  closingBegan: number;
  resourcesClosed: number;
  exited: number;
}

const now = (): number => performance.timeOrigin + performance.now();

/** Keeps the times of a server, and prints them together with the drain's report as its last line. */
export class TimeKeeper {
  readonly #times: ServerTimes = { windowEnded: 0, lastResponse: 0, closingBegan: 0, resourcesClosed: 0, exited: 0 };

  constructor(drain: Drain) {
    let report: unknown;
    drain.on('phase', ({ phase }) => {
      if (phase === 'draining') this.#times.windowEnded = now();
      if (phase === 'closing') this.#times.closingBegan = now();
      if (phase === 'closed') this.#times.resourcesClosed = now();
    });
    drain.on('report', (event) => {
      report = event.report;
    });
    process.once('exit', () => {
      this.#times.exited = now();
      console.log(`ended ${JSON.stringify({ times: this.#times, report })}`);
    });
  }

  /** Listens on a response, so that the last one is known. */
  watch(response: ServerResponse): void {
    response.on('close', () => {
      this.#times.lastResponse = now();
    });
  }
}
