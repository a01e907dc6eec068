import type { ComponentOptions } from '@drainkit/core';

export interface BatchFlusherOptions<Item> {
  readonly name: string;
  /** Writes a batch, all or nothing. Where it rejects, the batch is kept, and tried again with the next. */
  readonly write: (items: readonly Item[]) => Promise<void>;
  /** How many items make a batch. @default 100 */
  readonly size?: number;
  /** How long an item may wait for others, in milliseconds. @default 1000 */
  readonly interval?: number;
}

/**
 * Collects items and writes them in batches: access logs, events, measurements. One that is closed writes what it holds. While
 * requests are still served they still add items; so it does not stop early, but closes when nothing is in flight, before
 * what it writes to.
 */
export class BatchFlusher<Item> {
  readonly #options: BatchFlusherOptions<Item>;
  readonly #size: number;
  readonly #interval: number;
  #items: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: BatchFlusherOptions<Item>) {
    this.#options = options;
    this.#size = options.size ?? 100;
    this.#interval = options.interval ?? 1_000;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length >= this.#size) void this.flush().catch(() => {});
    // Unreferenced: what waits for its batch does not keep the process alive. The drain does, until it is closed.
    else this.#timer ??= setTimeout(() => void this.flush().catch(() => {}), this.#interval).unref();
  }

  /** Writes what it holds by now, after the batch that is being written. Rejects where that fails; nothing is lost then. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const write = this.#writing.then(() => this.#writeAll());
    this.#writing = write.catch(() => {});
    return write;
  }

  /** @param dependsOn - the names of the components that it writes to: it closes before them. */
  component(dependsOn: readonly string[]): ComponentOptions {
    return { name: this.#options.name, dependsOn, close: () => this.flush() };
  }

  async #writeAll(): Promise<void> {
    while (this.#items.length > 0) {
      const batch = this.#items.slice(0, this.#size);
      await this.#options.write(batch);
      this.#items = this.#items.slice(batch.length);
    }
  }
}
