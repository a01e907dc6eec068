import type { Clock } from './host.ts';

/**
 * Holds the end of the process until the metrics are scraped once more: when the drain is over, and its figures are final.
 * Where nobody has scraped before there is nobody to wait for.
 */
export class LastScrape {
  #scraped = false;
  #release: (() => void) | undefined;

  /** Somebody has read the metrics to the end. */
  onScraped(): void {
    this.#scraped = true;
    this.#release?.();
  }

  /**
   * Calls `onReleased` once, at the next scrape.
   *
   * @param ms - after which it is called in any case; 0 for at once.
   */
  hold(clock: Clock, ms: number, onReleased: () => void): void {
    if (!this.#scraped || ms <= 0) return onReleased();
    const release = (): void => {
      this.#release = undefined;
      cancel();
      onReleased();
    };
    const cancel = clock.setTimeout(release, ms);
    this.#release = release;
  }
}
