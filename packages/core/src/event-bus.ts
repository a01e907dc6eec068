import type { DrainEvent, DrainEventOf, DrainEventType } from './drain-event.ts';
import type { Cancel } from './host.ts';

interface Subscription {
  readonly call: (event: DrainEvent) => void;
}

/** Passes events on to those who asked for their type. A listener that throws stops neither the drain nor the other listeners. */
export class EventBus {
  readonly #subscriptions = new Map<DrainEventType, Set<Subscription>>();
  readonly #onError: (error: unknown, event: DrainEvent) => void;

  /** @param onError - told of what a listener threw. */
  constructor(onError: (error: unknown, event: DrainEvent) => void) {
    this.#onError = onError;
  }

  on<Type extends DrainEventType>(type: Type, listener: (event: DrainEventOf<Type>) => void): Cancel {
    const subscription: Subscription = { call: listener as (event: DrainEvent) => void };
    const subscriptions = this.#subscriptions.get(type) ?? new Set();
    this.#subscriptions.set(type, subscriptions.add(subscription));
    return () => void subscriptions.delete(subscription);
  }

  emit(event: DrainEvent): void {
    for (const { call } of [...(this.#subscriptions.get(event.type) ?? [])]) {
      try {
        call(event);
      } catch (error) {
        this.#onError(error, event);
      }
    }
  }
}
