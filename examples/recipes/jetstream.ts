import type { ComponentOptions } from '@drainkit/core';
import type { Consumer, JsMsg } from '@nats-io/jetstream';

export interface JetStreamOptions {
  readonly consumer: Consumer;
  readonly name: string;
  /** How many messages are in hand at a time. @default 1 */
  readonly concurrency?: number;
  /** One that rejects gives the message back, to be delivered again. */
  readonly handle: (message: JsMsg) => Promise<void>;
}

/** How long a pull waits for a message, and quiescing at most for the pull, in milliseconds: the least JetStream takes. */
const EXPIRES = 1_000;

/**
 * A pull consumer that asks for one message at a time. `consume()` asks for many: what it has got when the drain begins is
 * either handled, however many those are, or delivered again to another when its time to be acknowledged has passed.
 */
export function jetStream({ consumer, name, concurrency = 1, handle }: JetStreamOptions): ComponentOptions {
  let stopping = new AbortController();
  let loops: readonly Promise<void>[] = [];

  const run = async ({ signal }: AbortController): Promise<void> => {
    while (!signal.aborted) {
      const message = await consumer.next({ expires: EXPIRES });
      if (message === null) continue;
      try {
        await handle(message);
      } catch {
        message.nak();
        continue;
      }
      // Waits until the server has it: an acknowledgement that is lost is a message delivered twice.
      await message.ackAck();
    }
  };

  return {
    name: `jetstream ${name}`,
    dependsOn: ['nats'],
    // A loop that has failed does not come back by itself: the next instance does.
    onFailure: 'drain',
    start: ({ fail }) => {
      stopping = new AbortController();
      loops = Array.from({ length: concurrency }, () => run(stopping));
      Promise.all(loops).catch(fail);
    },
    // A pull that waits is left to end by itself: what the server has just sent for it would have to be delivered again.
    quiesce: async () => {
      stopping.abort();
      await Promise.allSettled(loops);
      // Rejects where an acknowledgement was lost: the report says so.
      await Promise.all(loops);
    },
  };
}
