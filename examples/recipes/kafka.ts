import type { ComponentOptions } from '@drainkit/core';

/** What this needs of a message; that of @platformatic/kafka has it. */
export interface KafkaMessage {
  commit(): void | Promise<void>;
}

/** What this needs of a stream of messages; that of @platformatic/kafka has it. */
export interface KafkaStream<Message extends KafkaMessage> extends AsyncIterable<Message> {
  close(): Promise<void>;
}

/** What this needs of a consumer; that of @platformatic/kafka has it. */
export interface KafkaClient {
  /** Leaves the group, so that others get its partitions at once. */
  close(): Promise<void>;
}

export interface KafkaConsumerOptions<Client extends KafkaClient, Message extends KafkaMessage> {
  readonly topic: string;
  /** Makes the consumer; another one where it is started again, since one that is closed stays closed. */
  readonly create: () => Client;
  /** `(consumer) => consumer.consume({ topics: [topic], autocommit: false, … })` */
  readonly consume: (client: Client) => Promise<KafkaStream<Message>>;
  /** One that rejects ends the consumer: an offset that is skipped would be lost, and a later one commits it too. */
  readonly handle: (message: Message) => Promise<void>;
}

/** A member of a Kafka consumer group, one message at a time, each committed when it is handled. */
export function kafkaConsumer<Client extends KafkaClient, Message extends KafkaMessage>(
  options: KafkaConsumerOptions<Client, Message>,
): ComponentOptions {
  const { topic, create, consume, handle } = options;
  let stopping = false;
  let client: Client | undefined;
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
      const created = create();
      client = created;
      try {
        stream = await consume(created);
      } catch (error) {
        await created.close();
        throw error;
      }
      running = run(stream);
      running.catch(fail);
    },
    quiesce: async () => {
      stopping = true;
      // Together: the stream is closed when its reader has come to the end. Rejects where the last was not committed.
      await Promise.all([stream?.close(), running]);
    },
    close: () => client?.close(),
  };
}
