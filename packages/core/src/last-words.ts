import { FlusherSet } from './flusher-set.ts';
import type { Clock } from './host.ts';
import { LastScrape } from './last-scrape.ts';
import type { DrainPlan } from './plan/drain-plan.ts';
import type { ResourceReport } from './resources/resource-stack.ts';

/** What tells of the drain when it is over, before the process ends: its metrics are scraped once more, its telemetry is flushed. */
export class LastWords {
  readonly scrape: LastScrape = new LastScrape();
  readonly flushers: FlusherSet;
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  readonly #onReport: (report: ResourceReport) => void;

  /** @param onReport - told of each flusher. */
  constructor(plan: DrainPlan, clock: Clock, onReport: (report: ResourceReport) => void) {
    this.#plan = plan;
    this.#clock = clock;
    this.flushers = new FlusherSet(clock);
    this.#onReport = onReport;
  }

  /** The longest that they may take, in milliseconds. */
  get longestMs(): number {
    return Math.max(this.#plan.lastScrape, this.flushers.longestMs);
  }

  /** Calls `onFlushed` once, when all is flushed or given up, within `leftMs`: for a process that lives on. */
  flush(leftMs: number, onFlushed: () => void): void {
    this.flushers.run(leftMs, this.#onReport, onFlushed);
  }

  /** Calls `onSaid` once, when all is flushed and scraped or given up, within `leftMs`. */
  say(leftMs: number, onSaid: () => void): void {
    let waiting = 2;
    const settle = (): void => {
      waiting -= 1;
      if (waiting === 0) onSaid();
    };
    this.flush(leftMs, settle);
    this.scrape.hold(this.#clock, Math.min(this.#plan.lastScrape, leftMs), settle);
  }
}
