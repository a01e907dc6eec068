import type { InstanceSlot, SlotState } from './instance-slot.ts';
import type { Load } from './load.ts';
import { count, paint, print, printLive, seconds } from './terminal.ts';
import { Timeline } from './timeline.ts';

/** How often it looks, in milliseconds. */
const INTERVAL = 100;

/** Watches the instances and the load: says what happens as it happens, and keeps it for the picture at the end. */
export class Recorder {
  readonly timeline: Timeline = new Timeline();
  readonly #slots: readonly InstanceSlot[];
  readonly #load: Load;
  readonly #states = new Map<InstanceSlot, SlotState>();
  #began = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(slots: readonly InstanceSlot[], load: Load) {
    this.#slots = slots;
    this.#load = load;
  }

  start(): void {
    this.#began = performance.now();
    for (const slot of this.#slots) this.#states.set(slot, slot.state);
    this.#timer = setInterval(() => this.#look(), INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
    printLive('');
  }

  /** Prints a line about an instance, with the time. */
  say(slot: InstanceSlot, what: string): void {
    print(`${paint('dim', this.#time)}  ${slot.name}  ${what}`);
  }

  get #elapsed(): number {
    return performance.now() - this.#began;
  }

  get #time(): string {
    return seconds(this.#elapsed).padStart(7);
  }

  #look(): void {
    for (const slot of this.#slots) {
      const { state } = slot;
      this.timeline.add(slot, { at: this.#elapsed, state, served: this.#load.takeServed(slot.name) });
      if (this.#states.get(slot) !== state) this.#onChange(slot, state);
      this.#states.set(slot, state);
    }
    const { served, dropped, refused } = this.#load;
    const states = this.#slots.map((slot) => `${slot.name} ${slot.state}`).join(', ');
    printLive(
      `${this.#time}  ${count(served)} served, ${count(dropped)} dropped, ${count(refused)} refused; ${states}`,
    );
  }

  #onChange(slot: InstanceSlot, state: SlotState): void {
    if (state === 'announcing') this.say(slot, 'announcing: /ready is 503, every request is served');
    if (state === 'draining') this.say(slot, 'draining: the listener is closed, what is in flight finishes');
    if (state === 'closing') this.say(slot, 'closing: Fastify, then the database');
  }
}
