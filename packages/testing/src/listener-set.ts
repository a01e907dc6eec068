import type { Cancel } from '@drainkit/core';

/** Listeners of one kind. The same function added twice is two listeners. */
export class ListenerSet<T> {
  readonly #entries = new Set<{ readonly listener: (value: T) => void }>();

  get size(): number {
    return this.#entries.size;
  }

  add(listener: (value: T) => void): Cancel {
    const entry = { listener };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Calls those that are there now, in order; returns whether there were any. */
  deliver(value: T): boolean {
    const entries = [...this.#entries];
    for (const { listener } of entries) listener(value);
    return entries.length > 0;
  }
}
