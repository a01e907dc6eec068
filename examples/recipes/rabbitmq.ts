import type { ComponentOptions } from '@drainkit/core';
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';

/**
 * The connection, from the moment it is there: `connect(url, { noDelay: true })`. (Without `noDelay`, a small frame that
 * follows another waits 40 ms.) That it is lost, its consumers and publishers say.
 */
export function rabbitMq(connection: ChannelModel): ComponentOptions {
  let closed = false;
  // 'close' follows; an 'error' without a listener would end the process.
  connection.on('error', () => {});
  connection.on('close', () => (closed = true));
  return { name: 'rabbitmq', close: () => (closed ? undefined : closing(connection)) };
}

export interface RabbitConsumerOptions {
  readonly connection: ChannelModel;
  readonly queue: string;
  /** How many messages are in hand at a time. Without a bound the broker sends the whole queue. @default 10 */
  readonly prefetch?: number;
  /** One that rejects gives the message back: to be delivered once more, then to the dead letter exchange, if there is one. */
  readonly handle: (message: ConsumeMessage) => Promise<void>;
}

/** A consumer of a queue, on a channel of its own. */
export function rabbitConsumer({ connection, queue, prefetch = 10, handle }: RabbitConsumerOptions): ComponentOptions {
  let channel: Channel | undefined;
  let consumerTag = '';
  let closed = false;
  let lost = 0;
  const inHand = new Set<Promise<void>>();

  const settle = async (on: Channel, message: ConsumeMessage): Promise<void> => {
    let handled = true;
    try {
      await handle(message);
    } catch {
      handled = false;
    }
    try {
      if (handled) on.ack(message);
      else on.nack(message, false, !message.fields.redelivered);
    } catch {
      // Too late: the channel is gone, and the broker has taken the message back.
      lost += 1;
    }
  };

  return {
    name: `rabbitmq consumer ${queue}`,
    dependsOn: ['rabbitmq'],
    // It does not come back by itself: the next instance does.
    onFailure: 'drain',
    start: async ({ fail }) => {
      const opened = await connection.createChannel();
      closed = false;
      lost = 0;
      channel = opened;
      opened.on('error', fail);
      opened.on('close', () => {
        closed = true;
        fail(new Error(`the channel of ${queue} is closed`));
      });
      await opened.prefetch(prefetch);
      ({ consumerTag } = await opened.consume(queue, (message) => {
        // The broker cancels a consumer whose queue is deleted.
        if (message === null) return fail(new Error(`queue ${queue} is gone`));
        const settled = settle(opened, message).finally(() => inHand.delete(settled));
        inHand.add(settled);
      }));
    },
    // What the broker has sent until it hears of it is in hand too, and is finished: nothing is delivered twice.
    quiesce: async () => {
      try {
        if (!closed) await channel?.cancel(consumerTag);
      } finally {
        await Promise.all(inHand);
      }
      if (lost > 0) throw new Error(`what was in hand comes again: ${lost} not acknowledged, the channel is closed`);
    },
    // Closing comes after the acknowledgements on the same channel: the broker has them when it answers.
    close: () => (closed || channel === undefined ? undefined : closing(channel)),
  };
}

export interface RabbitPublisher extends ComponentOptions {
  /** The channel to publish on. Throws before it is started. */
  readonly channel: () => ConfirmChannel;
}

/** A channel that publishes with confirms. Register it before what publishes on it: it closes when all is confirmed. */
export function rabbitPublisher(connection: ChannelModel): RabbitPublisher {
  let channel: ConfirmChannel | undefined;
  let closed = false;
  return {
    name: 'rabbitmq publisher',
    dependsOn: ['rabbitmq'],
    onFailure: 'drain',
    channel: () => {
      if (channel === undefined) throw new Error('the RabbitMQ publisher is not started');
      return channel;
    },
    start: async ({ fail }) => {
      channel = await connection.createConfirmChannel();
      closed = false;
      channel.on('error', fail);
      channel.on('close', () => {
        closed = true;
        fail(new Error('the channel of the publisher is closed'));
      });
    },
    close: async () => {
      if (closed || channel === undefined) return;
      await channel.waitForConfirms();
      await closing(channel);
    },
  };
}

/** Closes it, and rejects where the connection is lost before the answer: amqplib would wait for that for ever. */
function closing(open: Channel | ChannelModel): Promise<void> {
  return new Promise((resolve, reject) => {
    // An answer is told first, and then 'close'.
    open.once('close', () => setImmediate(reject, new Error('the connection was lost before it was closed')));
    open.close().then(resolve, reject);
  });
}
