import type { DrainEvent, DrainEventOf, DrainEventType } from './drain-event.ts';
import type { Cancel } from './host.ts';

type Listener = (event: DrainEvent) => void;

/** Passes events on to those who asked for their type. A listener that throws stops neither the drain nor the other listeners. */
export class EventBus {
  readonly #listeners = new Map<DrainEventType, Set<Listener>>();

  on<Type extends DrainEventType>(type: Type, listener: (event: DrainEventOf<Type>) => void): Cancel {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener as Listener));
    return () => void listeners.delete(listener as Listener);
  }

  emit(event: DrainEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) {
      try {
        listener(event);
      } catch (error) {
        // Nobody here can mend it: it becomes an uncaught exception, which the drain reports.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
