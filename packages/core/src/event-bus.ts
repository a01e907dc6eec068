import type { DrainEvent, DrainEventOf, DrainEventType } from './drain-event.ts';
import type { Cancel } from './host.ts';

interface Subscription {
  readonly call: (event: DrainEvent) => void;
}

/** Passes events on to those who asked for their type, or for any. A listener that throws stops neither the drain nor the other listeners. */
export class EventBus {
  readonly #subscriptions = new Map<DrainEventType | 'any', Set<Subscription>>();
  readonly #onError: (error: unknown, event: DrainEvent) => void;

  /** @param onError - told of what a listener threw. */
  constructor(onError: (error: unknown, event: DrainEvent) => void) {
    this.#onError = onError;
  }

  on<Type extends DrainEventType>(type: Type, listener: (event: DrainEventOf<Type>) => void): Cancel {
    return this.#subscribe(type, listener as (event: DrainEvent) => void);
  }

  onAny(listener: (event: DrainEvent) => void): Cancel {
    return this.#subscribe('any', listener);
  }

  emit(event: DrainEvent): void {
    const toAny = this.#subscriptions.get('any') ?? [];
    const toItsType = this.#subscriptions.get(event.type) ?? [];
    for (const { call } of [...toAny, ...toItsType]) {
      try {
        call(event);
      } catch (error) {
        this.#onError(error, event);
      }
    }
  }

  #subscribe(type: DrainEventType | 'any', call: (event: DrainEvent) => void): Cancel {
    const subscription: Subscription = { call };
    const subscriptions = this.#subscriptions.get(type) ?? new Set();
    this.#subscriptions.set(type, subscriptions.add(subscription));
    return () => void subscriptions.delete(subscription);
  }
}
