import type { ComponentOptions } from '@drainkit/core';

export interface WriteBehindCacheOptions<Value> {
  readonly name: string;
  /** Writes the values that have changed, all or nothing. Where it rejects, they are written with the next. */
  readonly write: (changed: ReadonlyMap<string, Value>) => Promise<void>;
  /** How long a change may wait to be written, in milliseconds. @default 1000 */
  readonly interval?: number;
}

/**
 * A cache whose changes are written later, however often a value has changed meanwhile: counters, sessions, presence. One
 * that is closed writes what has changed. SIGKILL loses up to one interval of changes: that is the price of it.
 */
export class WriteBehindCache<Value> {
  readonly #options: WriteBehindCacheOptions<Value>;
  readonly #values = new Map<string, Value>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: WriteBehindCacheOptions<Value>) {
    this.#options = options;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#changed.add(key);
    this.#timer ??= setTimeout(() => void this.flush().catch(() => {}), this.#options.interval ?? 1_000).unref();
  }

  /** Writes what has changed by now. Rejects where that fails; nothing is forgotten then. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const write = this.#writing.then(() => this.#writeChanged());
    this.#writing = write.catch(() => {});
    return write;
  }

  /** @param dependsOn - the names of the components that it writes to: it closes before them. */
  component(dependsOn: readonly string[]): ComponentOptions {
    return { name: this.#options.name, dependsOn, close: () => this.flush() };
  }

  async #writeChanged(): Promise<void> {
    if (this.#changed.size === 0) return;
    const keys = [...this.#changed];
    this.#changed.clear();
    try {
      await this.#options.write(new Map(keys.map((key) => [key, this.#values.get(key) as Value])));
    } catch (error) {
      for (const key of keys) this.#changed.add(key);
      throw error;
    }
  }
}
