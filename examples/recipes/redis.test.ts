import { Redis, type RedisOptions } from 'ioredis';
import type { HttpDrain } from '@drainkit/core/node';
import { eventually, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { redisStream } from './redis-stream.ts';
import { redis } from './redis.ts';
import { HeldHandler, startAgain, testDrain } from './test-drain.ts';
import { testProxy } from './test-proxy.ts';

needs('Redis');

/** A client that looks on from outside, and a key of its own. */
function scene(): { watcher: Redis; key: string } {
  const watcher = new Redis(SERVICES.Redis);
  const key = ownName('recipe');
  onTestFinished(async () => {
    await watcher.del(key);
    watcher.disconnect();
  });
  return { watcher, key };
}

type ClientOptions = Pick<RedisOptions, 'connectionName' | 'maxRetriesPerRequest'>;

const lazyClient = (url = SERVICES.Redis, options: ClientOptions = {}): Redis =>
  new Redis(url, { lazyConnect: true, ...options });

test('commands that are on their way when the client closes are answered', async () => {
  const { watcher, key } = scene();
  const cache = redis(lazyClient);
  const drain = testDrain();
  drain.component(cache);
  await drain.startComponents();

  // The last thing before the client closes, and nobody waits for it.
  let answers: Promise<number>[] = [];
  drain.resource('last words', () => {
    answers = Array.from({ length: 1_000 }, () => cache.client().incr(key));
  });
  const report = await drain.start('test');

  expect(report.outcome).toBe('clean');
  expect(report.resources.map(({ name }) => name)).toEqual(['last words', 'redis']);
  expect((await Promise.all(answers)).at(-1)).toBe(1_000);
  expect(await watcher.get(key)).toBe('1000');
  await eventually('the client to be closed', () => cache.client().status === 'end');
});

test('a client whose server is gone closes at once, and does not wait for it to come back', async () => {
  const cache = redis(() => new Redis({ host: '127.0.0.1', port: 1 }));
  const drain = testDrain();
  drain.resource('redis', () => cache.close());
  cache
    .client()
    .get('anything')
    .catch(() => {});

  const report = await within('the drain', 2_000, drain.start('test'));

  expect(report.resources).toMatchObject([{ name: 'redis', outcome: 'closed' }]);
  await eventually('the client to be closed', () => cache.client().status === 'end');
});

test('a client that cannot connect does not go on trying when the start has failed', async () => {
  const cache = redis(() => lazyClient('redis://127.0.0.1:1'));
  const drain = testDrain();
  drain.component(cache);

  await expect(drain.startComponents()).rejects.toMatchObject({ code: 'DRAIN_START_FAILED' });
  let tries = 0;
  cache.client().on('connecting', () => (tries += 1));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(tries).toBe(0);
});

test('a client and a consumer that were closed because another failed to start can be started again', async () => {
  const { watcher, key } = scene();
  const handled: string[] = [];
  const cache = redis(lazyClient);
  const drain = testDrain();
  drain.component(cache);
  const handle = async ({ text = '' }: Readonly<Record<string, string>>): Promise<void> => void handled.push(text);
  drain.component(redisStream({ client: cache.client(), stream: key, group: 'g', consumer: 'c', handle }));

  await startAgain(drain);
  await cache.client().xadd(key, '*', 'text', 'a');
  await eventually('the entry to be handled', () => handled.length === 1);

  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
});

/** A consumer of the stream `key` that runs, and its drain. */
async function consuming(
  key: string,
  handle: (text: string) => Promise<void>,
  url?: string,
  options?: ClientOptions,
): Promise<HttpDrain> {
  const cache = redis(() => lazyClient(url, options));
  const drain = testDrain();
  drain.component(cache);
  drain.component(
    redisStream({
      client: cache.client(),
      stream: key,
      group: 'g',
      consumer: 'c',
      handle: ({ text = 'nothing' }) => handle(text),
    }),
  );
  await drain.startComponents();
  return drain;
}

test('a stream consumer takes no more, acknowledges the entry in hand once, and leaves the rest undelivered', async () => {
  const { watcher, key } = scene();
  const handler = new HeldHandler();
  const drain = await consuming(key, handler.handle);
  for (const text of ['a', 'b', 'c']) await watcher.xadd(key, '*', 'text', text);
  await eventually('an entry to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  await watcher.xadd(key, '*', 'text', 'd');
  handler.release();
  const report = await done;

  expect(report).toMatchObject({ outcome: 'clean', exitCode: 0 });
  expect(report.resources.map(({ name }) => name)).toEqual([`redis stream ${key}`, 'redis']);
  expect(handler.finished).toEqual(['a']);
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
  const rest = await watcher.xreadgroup('GROUP', 'g', 'next', 'STREAMS', key, '>');
  expect(JSON.stringify(rest).match(/"text","."/g)).toEqual(['"text","b"', '"text","c"', '"text","d"']);
});

test('a stream consumer that waits for an entry ends within its read', async () => {
  const { watcher, key } = scene();
  const handler = new HeldHandler();
  const drain = await consuming(key, handler.handle);

  expect(await within('the drain', 3_000, drain.start('test'))).toMatchObject({ outcome: 'clean' });
  await watcher.xadd(key, '*', 'text', 'late');
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
  expect(handler.begun).toEqual([]);
});

test('an entry that was left unacknowledged comes first at the next start', async () => {
  const { watcher, key } = scene();
  await watcher.xgroup('CREATE', key, 'g', '0', 'MKSTREAM');
  await watcher.xadd(key, '*', 'text', 'left');
  await watcher.xreadgroup('GROUP', 'g', 'c', 'STREAMS', key, '>');
  await watcher.xadd(key, '*', 'text', 'new');
  const handled: string[] = [];
  const drain = await consuming(key, async (text) => void handled.push(text));

  await eventually('both to be handled', () => handled.length === 2);
  await drain.start('test');

  expect(handled).toEqual(['left', 'new']);
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
});

test('an entry that was left unacknowledged and is trimmed by now is acknowledged, and not handled', async () => {
  const { watcher, key } = scene();
  await watcher.xgroup('CREATE', key, 'g', '0', 'MKSTREAM');
  const id = (await watcher.xadd(key, '*', 'text', 'left')) ?? '';
  await watcher.xreadgroup('GROUP', 'g', 'c', 'STREAMS', key, '>');
  await watcher.xdel(key, id);
  await watcher.xadd(key, '*', 'text', 'new');
  const handled: string[] = [];
  const drain = await consuming(key, async (text) => void handled.push(text));

  await eventually('the new one to be handled', () => handled.includes('new'));
  await drain.start('test');

  expect(handled).toEqual(['new']);
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
});

test('an entry that was handed out on a connection that broke is handled when there is another', async () => {
  const { watcher, key } = scene();
  const proxy = await testProxy(SERVICES.Redis);
  const handled: string[] = [];
  const drain = await consuming(key, async (text) => void handled.push(text), proxy.url, { connectionName: key });
  // So that the read that follows has just begun.
  await watcher.xadd(key, '*', 'text', 'first');
  await eventually('the first to be handled', () => handled.length === 1);
  await eventually('the next read to wait', async () =>
    String(await watcher.client('LIST'))
      .split('\n')
      .some((line) => line.includes(`name=${key} `) && line.includes('flags=b')),
  );

  proxy.mute();
  await watcher.xadd(key, '*', 'text', 'lost');
  await eventually('it to be handed out', async () => (await watcher.xpending(key, 'g'))[0] === 1);
  await watcher.xadd(key, '*', 'text', 'later');
  proxy.cut();
  await eventually('all to be handled', () => handled.length === 3);

  expect(await within('the drain', 3_000, drain.start('test'))).toMatchObject({ outcome: 'clean', exitCode: 0 });
  expect(handled.toSorted()).toEqual(['first', 'later', 'lost']);
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
});

test('a handler that throws before it waits for anything leaves its entry unacknowledged, and the next is taken', async () => {
  const { watcher, key } = scene();
  const handled: string[] = [];
  const drain = await consuming(key, (text) => {
    if (text === 'bad') throw new Error('cannot read it');
    handled.push(text);
    return Promise.resolve();
  });
  for (const text of ['bad', 'good']) await watcher.xadd(key, '*', 'text', text);

  await eventually('the next to be handled', () => handled.length === 1);
  expect(await drain.start('test')).toMatchObject({ outcome: 'clean', exitCode: 0 });
  expect((await watcher.xpending(key, 'g'))[0]).toBe(1);
});

test('an acknowledgement that is lost in the drain is reported', async () => {
  const { watcher, key } = scene();
  const proxy = await testProxy(SERVICES.Redis);
  const handler = new HeldHandler();
  const drain = await consuming(key, handler.handle, proxy.url, { maxRetriesPerRequest: 0 });
  await watcher.xadd(key, '*', 'text', 'a');
  await eventually('an entry to be in hand', () => handler.begun.length === 1);

  const done = drain.start('test');
  proxy.mute();
  handler.release();
  await eventually('it to be handled', () => handler.finished.length === 1);
  proxy.cut();
  const report = await within('the drain', 5_000, done);

  expect(report).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect((await watcher.xpending(key, 'g'))[0]).toBe(1);
});
