import type { Cancel, Clock } from '../host.ts';

/** By how much a timer may be late, in milliseconds, before the slots that were missed are left out. */
const LATE_BY = 50;

/** How many items may have their turn in one turn of the event loop. */
const MOST_PER_TURN = 64;

/**
 * Does something to each of many items, spread evenly over a time with jitter: the time is cut into as many slots as there
 * are items, and each gets a random moment of a slot of its own. So clients that are told to leave do not come back all at
 * once, and no turn of the event loop has more than a few of them.
 */
export class Spread<Item> {
  readonly #clock: Clock;
  readonly #act: (item: Item) => void;
  readonly #waiting: Item[] = [];
  #until = 0;
  #slotEndsAt = 0;
  #due: Item | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, act: (item: Item) => void) {
    this.#clock = clock;
    this.#act = act;
  }

  /** Begins with `items`, to be done within `ms` milliseconds. */
  start(items: Iterable<Item>, ms: number): void {
    this.#slotEndsAt = this.#clock.now();
    this.#until = this.#slotEndsAt + ms;
    this.#waiting.push(...items);
    this.#next();
  }

  /** Adds an item to those that wait, in the time that is left. */
  add(item: Item): void {
    this.#waiting.push(item);
    if (this.#due === undefined) this.#next();
  }

  /** Has all that wait done as soon as the event loop allows. */
  finish(): void {
    this.#until = this.#slotEndsAt = this.#clock.now();
    if (this.#due === undefined) return;
    this.#cancel?.();
    this.#onDue(this.#due);
  }

  #next(): void {
    for (let acted = 0; ; acted += 1) {
      const item = this.#waiting.shift();
      this.#due = item;
      if (item === undefined) return;
      const now = this.#clock.now();
      const slotBegan = Math.max(this.#slotEndsAt, now - LATE_BY);
      const slot = Math.max(0, this.#until - slotBegan) / (this.#waiting.length + 1);
      this.#slotEndsAt = slotBegan + slot;
      const wait = slotBegan + Math.random() * slot - now;
      if (wait > 0 || acted === MOST_PER_TURN) {
        this.#cancel = this.#clock.setTimeout(() => this.#onDue(item), Math.max(0, wait));
        return;
      }
      this.#act(item);
    }
  }

  #onDue(item: Item): void {
    this.#due = undefined;
    this.#act(item);
    this.#next();
  }
}
