import { connect, type ChannelModel } from 'amqplib';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { rabbitMq } from '../../recipes/rabbitmq.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly rabbit: ChannelModel;
  }
}

export interface RabbitOptions {
  readonly amqpUrl: string;
  readonly queue: string;
}

/** The connection, and the queue, which outlives it and the broker's restart. */
export const rabbitPlugin = fp(
  async (app: FastifyInstance, { amqpUrl, queue }: RabbitOptions): Promise<void> => {
    const connection = await connect(amqpUrl, { noDelay: true, timeout: 5_000 });
    app.drain.component(rabbitMq(connection));
    const channel = await connection.createChannel();
    await channel.assertQueue(queue, { durable: true });
    await channel.close();
    app.decorate('rabbit', connection);
  },
  { name: 'rabbit', dependencies: ['@drainkit/fastify'] },
);
