import { connect, type ChannelModel } from 'amqplib';
import type { Drain, DrainOptions } from '@drainkit/core';
import { eventually, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { rabbitConsumer, rabbitMq, rabbitPublisher } from './rabbitmq.ts';
import { HeldHandler, startAgain, testDrain } from './test-drain.ts';
import { testProxy, type TestProxy } from './test-proxy.ts';

needs('RabbitMQ');

interface Scene {
  readonly connection: ChannelModel;
  /** What the connection goes through. */
  readonly proxy: TestProxy;
  readonly queue: string;
  readonly send: (...texts: readonly string[]) => Promise<void>;
  /** Takes everything out of the queue, and says what was delivered before. */
  readonly rest: () => Promise<{ text: string; redelivered: boolean }[]>;
  readonly count: () => Promise<number>;
  readonly consumers: () => Promise<number>;
}

/** A queue of its own, and a connection that looks on from outside. */
async function scene(): Promise<Scene> {
  const queue = ownName('recipe');
  const watcher = await connect(SERVICES.RabbitMQ, { noDelay: true });
  const channel = await watcher.createConfirmChannel();
  await channel.assertQueue(queue);
  onTestFinished(async () => {
    await channel.deleteQueue(queue);
    await watcher.close();
  });
  const proxy = await testProxy(SERVICES.RabbitMQ);
  return {
    connection: await connect(proxy.url),
    proxy,
    queue,
    send: async (...texts) => {
      for (const text of texts) channel.sendToQueue(queue, Buffer.from(text));
      await channel.waitForConfirms();
    },
    rest: async () => {
      const messages = [];
      for (let message = await channel.get(queue); message !== false; message = await channel.get(queue)) {
        messages.push({ text: message.content.toString(), redelivered: message.fields.redelivered });
        channel.ack(message);
      }
      return messages;
    },
    count: async () => (await channel.checkQueue(queue)).messageCount,
    consumers: async () => (await channel.checkQueue(queue)).consumerCount,
  };
}

/** A scene in which a consumer has one message in hand. */
async function inHand(
  text: string,
  options: DrainOptions = {},
): Promise<Scene & { readonly handler: HeldHandler; readonly drain: Drain }> {
  const it = await scene();
  const { connection, queue } = it;
  const handler = new HeldHandler();
  const drain = testDrain(options);
  drain.component(rabbitMq(connection));
  drain.component(rabbitConsumer({ connection, queue, handle: ({ content }) => handler.handle(content.toString()) }));
  await drain.startComponents();
  await it.send(text);
  await eventually('it to be in hand', () => handler.begun.length === 1);
  return { ...it, handler, drain };
}

test('the consumer is cancelled, the message in hand acknowledged once, the rest never delivered, the client closed last', async () => {
  const { connection, queue, send, rest } = await scene();
  const handler = new HeldHandler();
  const drain = testDrain();
  drain.component(rabbitMq(connection));
  drain.component(
    rabbitConsumer({ connection, queue, prefetch: 1, handle: ({ content }) => handler.handle(content.toString()) }),
  );
  await drain.startComponents();
  await send('a', 'b');
  await eventually('a message to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  await send('c');
  handler.release();
  const report = await done;

  expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 });
  expect(report.resources.map(({ name, outcome }) => [name, outcome])).toEqual([
    [`rabbitmq consumer ${queue}`, 'closed'],
    ['rabbitmq', 'closed'],
  ]);
  expect(handler.finished).toEqual(['a']);
  expect(await rest()).toEqual([
    { text: 'b', redelivered: false },
    { text: 'c', redelivered: false },
  ]);
});

test('what the broker has sent ahead is in hand too: all of it is finished, none is delivered again', async () => {
  const { connection, queue, send, rest } = await scene();
  const handler = new HeldHandler();
  const drain = testDrain();
  drain.component(rabbitMq(connection));
  drain.component(
    rabbitConsumer({ connection, queue, prefetch: 5, handle: ({ content }) => handler.handle(content.toString()) }),
  );
  await drain.startComponents();
  await send('1', '2', '3', '4', '5', '6', '7');
  await eventually('five to be in hand', () => handler.begun.length === 5);

  const done = drain.start('test');
  handler.release();
  await done;

  expect(handler.finished).toEqual(['1', '2', '3', '4', '5']);
  expect(await rest()).toEqual([
    { text: '6', redelivered: false },
    { text: '7', redelivered: false },
  ]);
});

test('a message whose handler never ends is given back at the deadline, and everything else closes', async () => {
  const { queue, rest, drain } = await inHand('stuck', { deadline: 200, forceGrace: 50 });

  const report = await drain.start('test');

  expect(report.exitCode).toBe(1);
  expect(report.aborted).toMatchObject([{ name: `quiesce rabbitmq consumer ${queue}` }]);
  expect(report.resources.map(({ outcome }) => outcome)).toEqual(['closed', 'closed']);
  expect(await rest()).toEqual([{ text: 'stuck', redelivered: true }]);
});

test('a connection that is lost begins a drain; what is in hand is finished, and comes again', async () => {
  const { proxy, queue, rest, handler, drain } = await inHand('in hand');

  proxy.cut();
  await eventually('the drain to begin', () => drain.phase !== 'serving');
  handler.release();
  const report = await drain.done;

  expect(report.trigger.reason).toContain(`the channel of ${queue} is closed`);
  expect(handler.finished).toEqual(['in hand']);
  const row = report.components.find(({ name }) => name.includes(queue));
  expect(row).toMatchObject({ failures: 1, error: expect.stringContaining('1 not acknowledged') });
  await eventually('the broker to have it back', async () => (await rest()).some(({ redelivered }) => redelivered));
});

test('a connection that is lost before the cancelling is answered does not end the drain before what is in hand', async () => {
  const { proxy, rest, handler, drain } = await inHand('in hand');

  proxy.mute();
  const done = drain.start('test');
  proxy.cut();
  setTimeout(() => handler.release(), 100);
  const report = await within('the drain', 5_000, done);

  expect(handler.finished).toEqual(['in hand']);
  expect(report).toMatchObject({ outcome: 'failed', exitCode: 1 });
  await eventually('the broker to have it back', async () => (await rest()).some(({ redelivered }) => redelivered));
});

test('an acknowledgement that is lost on its way is reported: its message comes again', async () => {
  const { proxy, rest, consumers, handler, drain } = await inHand('in hand');

  const done = drain.start('test');
  await eventually('the consumer to be cancelled', async () => (await consumers()) === 0);
  proxy.mute();
  handler.release();
  await eventually('the channel to be closing', () => drain.phase === 'closing');
  proxy.cut();
  const report = await within('the drain', 2_000, done);

  expect(report).toMatchObject({ outcome: 'failed', exitCode: 1 });
  await eventually('the broker to have it back', async () => (await rest()).some(({ redelivered }) => redelivered));
});

test('a message whose handler fails comes once more, and not for ever', async () => {
  const { connection, queue, send, rest } = await scene();
  const deliveries: boolean[] = [];
  const drain = testDrain();
  drain.component(rabbitMq(connection));
  const handle = async ({ fields }: { fields: { redelivered: boolean } }): Promise<void> => {
    deliveries.push(fields.redelivered);
    throw new Error('no');
  };
  drain.component(rabbitConsumer({ connection, queue, handle }));
  await drain.startComponents();
  await send('bad');
  await eventually('it to come twice', () => deliveries.length === 2);

  await drain.start('test');

  expect(deliveries).toEqual([false, true]);
  expect(await rest()).toEqual([]);
});

test('a handler that throws before it waits for anything has failed like any other', async () => {
  const { connection, queue, send, rest } = await scene();
  const deliveries: boolean[] = [];
  const drain = testDrain();
  drain.component(rabbitMq(connection));
  const handle = ({ fields }: { fields: { redelivered: boolean } }): Promise<void> => {
    deliveries.push(fields.redelivered);
    throw new Error('cannot read it');
  };
  drain.component(rabbitConsumer({ connection, queue, handle }));
  await drain.startComponents();
  await send('bad');
  await eventually('it to come twice', () => deliveries.length === 2);

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean', exitCode: 0 });
  expect(await rest()).toEqual([]);
});

test('what was published when the drain begins is confirmed before the channel closes', async () => {
  const { connection, queue, count } = await scene();
  const drain = testDrain();
  const publisher = rabbitPublisher(connection);
  drain.component(rabbitMq(connection));
  drain.component(publisher);
  await drain.startComponents();
  let confirmed = 0;
  for (let index = 0; index < 500; index += 1) {
    publisher.channel().sendToQueue(queue, Buffer.from(String(index)), { persistent: true }, (error) => {
      if (error === null) confirmed += 1;
    });
  }

  const report = await drain.start('test');

  expect(report.resources.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['rabbitmq publisher', 'closed'],
    ['rabbitmq', 'closed'],
  ]);
  expect(confirmed).toBe(500);
  expect(await count()).toBe(500);
});

test('a queue that is deleted under its consumer begins a drain', async () => {
  const { connection, queue } = await scene();
  const drain = testDrain();
  drain.component(rabbitMq(connection));
  drain.component(rabbitConsumer({ connection, queue, handle: async () => {} }));
  await drain.startComponents();
  const other = await connect(SERVICES.RabbitMQ);
  onTestFinished(() => other.close());

  await (await other.createChannel()).deleteQueue(queue);

  await eventually('the drain to begin', () => drain.phase !== 'serving');
  expect((await drain.done).trigger.reason).toContain(`queue ${queue} is gone`);
});

test('a consumer and a publisher that were closed because another failed to start can be started again', async () => {
  const { connection, queue, rest } = await scene();
  const handled: string[] = [];
  const drain = testDrain();
  const publisher = rabbitPublisher(connection);
  drain.component(rabbitMq(connection));
  drain.component(publisher);
  drain.component(
    rabbitConsumer({ connection, queue, handle: async ({ content }) => void handled.push(content.toString()) }),
  );

  await startAgain(drain);
  publisher.channel().sendToQueue(queue, Buffer.from('a'));
  await eventually('the message to be handled', () => handled.length === 1);

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  expect(await rest()).toEqual([]);
});

test('a publisher on a connection that is lost already fails to start, and says why', async () => {
  const { connection, proxy } = await scene();
  const publisher = rabbitPublisher(connection);
  expect(publisher.channel).toThrow('the RabbitMQ publisher is not started');
  const drain = testDrain();
  drain.component(rabbitMq(connection));
  drain.component(publisher);
  const lost = new Promise((resolve) => connection.on('close', resolve));
  proxy.cut();
  await within('the connection to be lost', 5_000, lost);

  await expect(drain.startComponents()).rejects.toMatchObject({
    code: 'DRAIN_START_FAILED',
    message: expect.stringContaining('Connection closed'),
  });
});
