import type { ComponentOptions } from '@drainkit/core';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';

/** The connection, from the moment it is there. That it is lost, its subscriptions and consumers say. */
export function nats(connection: NatsConnection): ComponentOptions {
  return {
    name: 'nats',
    // Sends what was published, then closes.
    close: () => (connection.isClosed() ? undefined : connection.drain()),
  };
}

export interface NatsSubscriptionOptions {
  readonly connection: NatsConnection;
  readonly subject: string;
  /** The queue group, in which each message goes to one instance. */
  readonly queue: string;
  /** Answers with `message.respond()`. One that rejects gives no answer: NATS keeps nothing to deliver again. */
  readonly handle: (message: Msg) => Promise<void>;
}

/** A subscription in a queue group, each message handled as it comes. */
export function natsSubscription({ connection, subject, queue, handle }: NatsSubscriptionOptions): ComponentOptions {
  let subscription: Subscription | undefined;
  let stopping = false;
  const inHand = new Set<Promise<void>>();
  const take = (message: Msg): void => {
    // Async, so that one that throws at once rejects as well: the client would stop reading.
    const handled = (async () => handle(message))()
      .catch(() => {})
      .finally(() => inHand.delete(handled));
    inHand.add(handled);
  };
  return {
    name: `nats ${subject}`,
    dependsOn: ['nats'],
    onFailure: 'drain',
    start: async ({ fail }) => {
      stopping = false;
      // It connects again by itself; `closed` means that it has given up, or else that the drain has closed it.
      void connection
        .closed()
        .then((error) => (stopping ? undefined : fail(error ?? new Error('the connection is closed'))));
      subscription = connection.subscribe(subject, {
        queue,
        callback: (error, message) => {
          if (error === null) take(message);
        },
      });
      // By the time the component runs, the server knows of it.
      await connection.flush();
    },
    // Tells the server, which may have sent more until it hears it, and waits until all of that has arrived.
    quiesce: async () => {
      stopping = true;
      try {
        await subscription?.drain();
      } finally {
        await Promise.all(inHand);
      }
    },
  };
}
