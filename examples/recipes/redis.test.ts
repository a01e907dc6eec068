import { Redis } from 'ioredis';
import { eventually, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { redisStream } from './redis-stream.ts';
import { redis } from './redis.ts';
import { HeldHandler, testDrain } from './test-drain.ts';

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

const lazyClient = (): Redis => new Redis(SERVICES.Redis, { lazyConnect: true });

test('commands that are on their way when the client closes are answered', async () => {
  const { watcher, key } = scene();
  const client = lazyClient();
  const drain = testDrain();
  drain.component(redis(client));
  await drain.startComponents();

  // The last thing before the client closes, and nobody waits for it.
  let answers: Promise<number>[] = [];
  drain.resource('last words', () => {
    answers = Array.from({ length: 1_000 }, () => client.incr(key));
  });
  const report = await drain.start('test');

  expect(report.outcome).toBe('clean');
  expect(report.resources.map(({ name }) => name)).toEqual(['last words', 'redis']);
  expect((await Promise.all(answers)).at(-1)).toBe(1_000);
  expect(await watcher.get(key)).toBe('1000');
  await eventually('the client to be closed', () => client.status === 'end');
});

test('a client whose server is gone closes at once, and does not wait for it to come back', async () => {
  const client = new Redis({ host: '127.0.0.1', port: 1 });
  const drain = testDrain();
  const { close } = redis(client);
  drain.resource('redis', close ?? (() => {}));
  client.get('anything').catch(() => {});

  const report = await within('the drain', 2_000, drain.start('test'));

  expect(report.resources).toMatchObject([{ name: 'redis', outcome: 'closed' }]);
  await eventually('the client to be closed', () => client.status === 'end');
});

test('a stream consumer takes no more, acknowledges the entry in hand once, and leaves the rest undelivered', async () => {
  const { watcher, key } = scene();
  const handler = new HeldHandler();
  const drain = testDrain();
  const client = lazyClient();
  drain.component(redis(client));
  drain.component(
    redisStream({ client, stream: key, group: 'g', consumer: 'c', handle: ({ text = '' }) => handler.handle(text) }),
  );
  await drain.startComponents();
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
  const drain = testDrain();
  const client = lazyClient();
  drain.component(redis(client));
  drain.component(redisStream({ client, stream: key, group: 'g', consumer: 'c', handle: () => handler.handle('x') }));
  await drain.startComponents();

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
  const drain = testDrain();
  const client = lazyClient();
  drain.component(redis(client));
  const handle = async ({ text = '' }: Readonly<Record<string, string>>): Promise<void> => void handled.push(text);
  drain.component(redisStream({ client, stream: key, group: 'g', consumer: 'c', handle }));
  await drain.startComponents();

  await eventually('both to be handled', () => handled.length === 2);
  await drain.start('test');

  expect(handled).toEqual(['left', 'new']);
  expect(await watcher.xpending(key, 'g')).toEqual([0, null, null, null]);
});
