import type { ComponentOptions } from '@drainkit/core';

/** What this needs of a message; that of @platformatic/kafka has it. */
export interface KafkaMessage {
  commit(): void | Promise<void>;
}

/** What this needs of a stream of messages; that of @platformatic/kafka has it. */
export interface KafkaStream<Message extends KafkaMessage> extends AsyncIterable<Message> {
  close(): Promise<void>;
}

export interface KafkaConsumerOptions<Message extends KafkaMessage> {
  readonly topic: string;
  /** `() => consumer.consume({ topics: [topic], autocommit: false, … })` */
  readonly consume: () => Promise<KafkaStream<Message>>;
  /** Leaves the group, so that others get its partitions at once: `() => consumer.close()` */
  readonly close: () => Promise<void>;
  /** One that rejects ends the consumer: an offset that is skipped would be lost, and a later one commits it too. */
  readonly handle: (message: Message) => Promise<void>;
}

/** A member of a Kafka consumer group, one message at a time, each committed when it is handled. */
export function kafkaConsumer<Message extends KafkaMessage>(options: KafkaConsumerOptions<Message>): ComponentOptions {
  const { topic, consume, close, handle } = options;
  let stopping = false;
  let stream: KafkaStream<Message> | undefined;
  let running = Promise.resolve();

  const run = async (messages: KafkaStream<Message>): Promise<void> => {
    for await (const message of messages) {
      // What was fetched ahead is not committed: whoever gets the partition begins with it.
      if (stopping) return;
      await handle(message);
      await message.commit();
    }
  };

  return {
    name: `kafka ${topic}`,
    onFailure: 'drain',
    start: async ({ fail }) => {
      stopping = false;
      stream = await consume();
      running = run(stream).catch(fail);
    },
    quiesce: async () => {
      stopping = true;
      // Together: the stream is closed when its reader has come to the end.
      await Promise.all([stream?.close(), running]);
    },
    close,
  };
}
