import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  type Consumer,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { eventually, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { jetStream } from './jetstream.ts';
import { nats, natsSubscription } from './nats.ts';
import { HeldHandler, startAgain, testDrain } from './test-drain.ts';
import { testProxy } from './test-proxy.ts';

needs('NATS');

async function client(options: NodeConnectionOptions = {}): Promise<NatsConnection> {
  const connection = await connect({ servers: SERVICES.NATS, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

test('a subscription answers every request that was sent to it, exactly once, while another takes over', async () => {
  const subject = ownName('recipe');
  const asking = await client();
  const answers = new Map<string, number>();
  const instances = [];
  for (const name of ['first', 'second']) {
    const drain = testDrain();
    const connection = await client();
    drain.component(nats(connection));
    const handle = async (message: { data: Uint8Array; respond: (data: string) => boolean }): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      message.respond(name);
    };
    drain.component(natsSubscription({ connection, subject, queue: 'workers', handle }));
    await drain.startComponents();
    instances.push({ drain, connection });
  }
  const [first] = instances;

  const requests: Promise<void>[] = [];
  for (let index = 0; index < 600; index += 1) {
    if (index === 300) void first?.drain.start('test');
    const asked = asking.request(subject, String(index), { timeout: 3_000 });
    requests.push(asked.then((reply) => void answers.set(`${index} ${reply.string()}`, 1)));
    if (index % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(requests);

  const report = await within('the first to be drained', 5_000, first?.drain.done ?? Promise.reject(new Error()));
  expect(report).toMatchObject({ outcome: 'clean', resources: [{ name: 'nats', outcome: 'closed' }] });
  expect(report.components.filter(({ failures }) => failures > 0)).toEqual([]);
  expect(first?.connection.isClosed()).toBe(true);
  expect(answers.size).toBe(600);
  expect([...answers.keys()].some((key) => key.endsWith('first'))).toBe(true);
  expect([...answers.keys()].some((key) => key.endsWith('second'))).toBe(true);
});

test('what was published just before the connection closes is sent', async () => {
  const subject = ownName('recipe');
  const watcher = await client();
  let received = 0;
  watcher.subscribe(subject, { callback: () => void (received += 1) });
  await watcher.flush();
  const connection = await client();
  const drain = testDrain();
  drain.component(nats(connection));
  drain.resource('last words', () => {
    for (let index = 0; index < 1_000; index += 1) connection.publish(subject, 'x'.repeat(1_000));
  });

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  await eventually('all to arrive', () => received === 1_000);
});

test('a connection that gives up begins a drain, which waits for the handlers in hand', async () => {
  const subject = ownName('recipe');
  const proxy = await testProxy(SERVICES.NATS);
  const connection = await client({ servers: proxy.url, reconnect: false });
  const handler = new HeldHandler();
  const drain = testDrain();
  drain.component(nats(connection));
  const handle = (message: { string(): string }): Promise<void> => handler.handle(message.string());
  drain.component(natsSubscription({ connection, subject, queue: 'workers', handle }));
  await drain.startComponents();
  (await client()).publish(subject, 'in hand');
  await eventually('it to be in hand', () => handler.begun.length === 1);

  proxy.cut();
  await eventually('the drain to begin', () => drain.phase !== 'serving');
  setTimeout(() => handler.release(), 100);
  const report = await within('the drain', 5_000, drain.done);

  expect(handler.finished).toEqual(['in hand']);
  expect(report.exitCode).toBe(1);
});

test('a handler that throws before it waits for anything leaves its message without answer, and takes the next', async () => {
  const subject = ownName('recipe');
  const connection = await client();
  const asking = await client();
  const drain = testDrain();
  drain.component(nats(connection));
  const handle = (message: { string(): string; respond: (data: string) => boolean }): Promise<void> => {
    if (message.string() === 'bad') throw new Error('cannot read it');
    message.respond('done');
    return Promise.resolve();
  };
  drain.component(natsSubscription({ connection, subject, queue: 'workers', handle }));
  await drain.startComponents();

  await expect(asking.request(subject, 'bad', { timeout: 200 })).rejects.toThrow('timeout');
  expect((await asking.request(subject, 'good')).string()).toBe('done');
  expect(await within('the drain', 5_000, drain.start('test'))).toMatchObject({ outcome: 'clean' });
});

interface Stream {
  readonly connection: NatsConnection;
  readonly consumer: Consumer;
  readonly manager: JetStreamManager;
  readonly name: string;
  readonly send: (...texts: readonly string[]) => Promise<void>;
}

/** A stream with one durable consumer. What is not acknowledged stays pending, to be delivered again after 5 s. */
async function stream(options?: NodeConnectionOptions): Promise<Stream> {
  const name = ownName('recipe');
  const watcher = await client();
  const manager = await jetstreamManager(watcher);
  await manager.streams.add({ name, subjects: [name] });
  await manager.consumers.add(name, { durable_name: 'c', ack_policy: AckPolicy.Explicit, ack_wait: 5_000_000_000 });
  onTestFinished(async () => {
    await manager.streams.delete(name);
  });
  const connection = await client(options);
  const consumer = await jetstream(connection, { timeout: 1_000 }).consumers.get(name, 'c');
  const send = async (...texts: readonly string[]): Promise<void> => {
    for (const text of texts) await jetstream(watcher).publish(name, text);
  };
  return { connection, consumer, manager, name, send };
}

test('a JetStream consumer takes no more, acknowledges the message in hand once, and leaves the rest undelivered', async () => {
  const { connection, consumer, manager, name, send } = await stream();
  const handler = new HeldHandler();
  const drain = testDrain();
  drain.component(nats(connection));
  drain.component(jetStream({ consumer, name, handle: (message) => handler.handle(message.string()) }));
  await drain.startComponents();
  await send('a', 'b', 'c');
  await eventually('a message to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  await send('d');
  handler.release();
  const report = await done;

  expect(report).toMatchObject({ outcome: 'clean', resources: [{ name: 'nats', outcome: 'closed' }] });
  expect(handler.finished).toEqual(['a']);
  const { num_ack_pending, num_redelivered, num_pending, delivered } = await manager.consumers.info(name, 'c');
  expect({ num_ack_pending, num_redelivered, num_pending }).toEqual({
    num_ack_pending: 0,
    num_redelivered: 0,
    num_pending: 3,
  });
  expect(delivered.consumer_seq).toBe(1);
});

test('through ten drains under load, no JetStream message is lost, and none is delivered twice', async () => {
  const { manager, name, send } = await stream();
  const seen: string[] = [];
  const stop = new AbortController();
  const load = (async () => {
    let index = 0;
    for (; !stop.signal.aborted; index += 1) await send(String(index));
    return index;
  })();
  const oneInstance = async (): Promise<void> => {
    const connection = await client();
    const consumer = await jetstream(connection).consumers.get(name, 'c');
    const drain = testDrain();
    drain.component(nats(connection));
    const handle = async (message: { string(): string }): Promise<void> => void seen.push(message.string());
    drain.component(jetStream({ consumer, name, concurrency: 4, handle }));
    await drain.startComponents();
    await new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 50));
    expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  };
  for (let round = 0; round < 10; round += 1) await oneInstance();
  stop.abort();
  const sent = await load;

  const { num_ack_pending, num_redelivered, num_pending } = await manager.consumers.info(name, 'c');
  expect({ num_ack_pending, num_redelivered }).toEqual({ num_ack_pending: 0, num_redelivered: 0 });
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.length + num_pending).toBe(sent);
});

test('an acknowledgement that is lost in the drain is reported, when all that is in hand is finished', async () => {
  const proxy = await testProxy(SERVICES.NATS);
  const { connection, consumer, manager, name, send } = await stream({ servers: proxy.url, reconnectTimeWait: 50 });
  const slow = new HeldHandler();
  const quick = new HeldHandler();
  const drain = testDrain();
  drain.component(nats(connection));
  const handle = (message: JsMsg): Promise<void> => (message.string() === 'slow' ? slow : quick).handle('one');
  drain.component(jetStream({ consumer, name, concurrency: 2, handle }));
  await drain.startComponents();
  await send('slow', 'quick');
  await eventually('both to be in hand', () => slow.begun.length + quick.begun.length === 2);

  const done = drain.start('test');
  proxy.mute();
  quick.release();
  await eventually('the first to be handled', () => quick.finished.length === 1);
  proxy.cut();
  setTimeout(() => slow.release(), 1_500);
  const report = await within('the drain', 8_000, done);

  expect(report).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(report.components).toContainEqual(
    expect.objectContaining({ name: `jetstream ${name}`, error: expect.stringContaining('timeout') }),
  );
  expect(slow.finished).toEqual(['one']);
  expect((await manager.consumers.info(name, 'c')).num_ack_pending).toBe(1);
});

test('a JetStream handler that throws before it waits for anything gives its message back, and takes the next', async () => {
  const { connection, consumer, name, send } = await stream();
  const seen: string[] = [];
  const drain = testDrain();
  drain.component(nats(connection));
  const handle = (message: JsMsg): Promise<void> => {
    seen.push(`${message.string()} ${message.redelivered}`);
    if (message.string() === 'bad' && !message.redelivered) throw new Error('cannot read it');
    return Promise.resolve();
  };
  drain.component(jetStream({ consumer, name, handle }));
  await drain.startComponents();
  await send('bad', 'good');

  await eventually('three deliveries', () => seen.length === 3);
  expect(await within('the drain', 5_000, drain.start('test'))).toMatchObject({ outcome: 'clean', exitCode: 0 });
  expect(seen.toSorted()).toEqual(['bad false', 'bad true', 'good false']);
});

test('consumers that were stopped because another failed to start can be started again', async () => {
  const { connection, consumer, name, send } = await stream();
  const subject = `${name}_requests`;
  const handled: string[] = [];
  const handle = async (message: { string(): string }): Promise<void> => void handled.push(message.string());
  const drain = testDrain();
  drain.component(nats(connection));
  drain.component(natsSubscription({ connection, subject, queue: 'workers', handle }));
  drain.component(jetStream({ consumer, name, handle }));

  await startAgain(drain);
  await send('a');
  (await client()).publish(subject, 'b');
  await eventually('both to be handled', () => handled.length === 2);

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  expect(handled.toSorted()).toEqual(['a', 'b']);
});
