import { PassThrough } from 'node:stream';
import type { Consumer, Message, MessagesStream } from '@platformatic/kafka';
import { eventually } from '@drainkit/testing';
import { expect, expectTypeOf, test } from 'vitest';
import { kafkaConsumer, type KafkaClient, type KafkaMessage, type KafkaStream } from './kafka.ts';
import { HeldHandler, startAgain, testDrain } from './test-drain.ts';

// There is no broker here. What is held to the real package are the types; what runs is a fake of its shape.

test('the consumer of @platformatic/kafka has the shape that the recipe needs', () => {
  type Stream = MessagesStream<string, string, string, string>;
  expectTypeOf<Message<string, string, string, string>>().toExtend<KafkaMessage>();
  expectTypeOf<Stream>().toExtend<KafkaStream<Message<string, string, string, string>>>();
  const recipe = (create: () => Consumer<string, string, string, string>): object =>
    kafkaConsumer({
      topic: 'orders',
      create,
      consume: (consumer) => consumer.consume({ topics: ['orders'], autocommit: false }),
      handle: async (message) => void expectTypeOf(message.value).toEqualTypeOf<string>(),
    });
  expectTypeOf(recipe).toBeFunction();
});

/** A stream as that of the package: objects, fetched ahead, and closed when its reader has come to the end. */
class FakeStream extends PassThrough {
  readonly committed: string[] = [];

  constructor() {
    super({ objectMode: true });
  }

  send(text: string): void {
    this.write({ text, commit: async () => void this.committed.push(text) });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.once('close', resolve);
      this.end();
    });
  }
}

const client = (close: () => void = () => {}): KafkaClient => ({ close: async () => close() });

interface FakeMessage extends KafkaMessage {
  readonly text: string;
}

test('with a fake: the message in hand is committed once, what was fetched ahead is not, the group is left last', async () => {
  const stream = new FakeStream();
  const handler = new HeldHandler();
  const drain = testDrain();
  let committedAtClose: string[] | undefined;
  drain.component(
    kafkaConsumer<KafkaClient, FakeMessage>({
      topic: 'orders',
      create: () => client(() => (committedAtClose = [...stream.committed])),
      consume: async () => stream,
      handle: ({ text }) => handler.handle(text),
    }),
  );
  await drain.startComponents();
  for (const text of ['a', 'b', 'c']) stream.send(text);
  await eventually('a message to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  handler.release();

  expect(await done).toMatchObject({ outcome: 'clean', resources: [{ name: 'kafka orders', outcome: 'closed' }] });
  expect(handler.begun).toEqual(['a']);
  expect(committedAtClose).toEqual(['a']);
});

test('with a fake: a consumer that waits for a message ends at once', async () => {
  const stream = new FakeStream();
  const drain = testDrain();
  const handle = async (): Promise<void> => {};
  drain.component(kafkaConsumer({ topic: 'orders', create: client, consume: async () => stream, handle }));
  await drain.startComponents();

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
});

test('with a fake: a handler that fails commits nothing more, and begins a drain', async () => {
  const stream = new FakeStream();
  const drain = testDrain();
  const handle = async ({ text }: FakeMessage): Promise<void> => {
    if (text === 'bad') throw new Error('cannot handle it');
  };
  drain.component(
    kafkaConsumer<KafkaClient, FakeMessage>({ topic: 'orders', create: client, consume: async () => stream, handle }),
  );
  await drain.startComponents();
  for (const text of ['good', 'bad', 'next']) stream.send(text);

  await eventually('the drain to begin', () => drain.phase !== 'serving');
  expect((await drain.done).trigger.reason).toContain('cannot handle it');
  expect(stream.committed).toEqual(['good']);
});

test('with a fake: a commit that fails in the drain is reported', async () => {
  const stream = new FakeStream();
  const handler = new HeldHandler();
  const drain = testDrain();
  drain.component(
    kafkaConsumer<KafkaClient, FakeMessage>({
      topic: 'orders',
      create: client,
      consume: async () => stream,
      handle: ({ text }) => handler.handle(text),
    }),
  );
  await drain.startComponents();
  stream.write({ text: 'a', commit: () => Promise.reject(new Error('the coordinator is gone')) });
  await eventually('a message to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  handler.release();

  expect(await done).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    components: [{ name: 'kafka orders', error: expect.stringContaining('the coordinator is gone') }],
  });
});

test('with a fake: a consumer that was closed because another failed to start is made anew', async () => {
  const streams: FakeStream[] = [];
  const handled: string[] = [];
  let closed = 0;
  const drain = testDrain();
  drain.component(
    kafkaConsumer<KafkaClient, FakeMessage>({
      topic: 'orders',
      create: () => client(() => (closed += 1)),
      consume: async () => {
        const stream = new FakeStream();
        streams.push(stream);
        return stream;
      },
      handle: async ({ text }) => void handled.push(text),
    }),
  );

  await startAgain(drain);
  streams[1]?.send('a');
  await eventually('the message to be handled', () => handled.length === 1);

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  expect(closed).toBe(2);
});
