import type { ComponentOptions } from '@drainkit/core';
import type { Redis } from 'ioredis';
import { redis } from './redis.ts';

export interface RedisStreamOptions {
  /** Whose settings the consumer's own connection has: a read that blocks keeps everything behind it waiting. */
  readonly client: Redis;
  readonly stream: string;
  readonly group: string;
  /** Give an instance the same name again after a restart: it begins with what it left unacknowledged. */
  readonly consumer: string;
  /** One that rejects leaves the entry unacknowledged: it comes again when the consumer starts, or has lost its connection. */
  readonly handle: (fields: Readonly<Record<string, string>>, id: string) => Promise<void>;
}

/** How long a read waits for an entry, and quiescing at most for the read, in milliseconds. */
const BLOCK = 1_000;

/** Where a read begins: with what this consumer has been given and not acknowledged, or with what nobody has been given. */
const FIRST = '0';
const NEW = '>';

/** A consumer of a Redis stream, one entry at a time. */
export function redisStream({ client, stream, group, consumer, handle }: RedisStreamOptions): ComponentOptions {
  const reader = redis(() => client.duplicate({ lazyConnect: true }));
  let after = FIRST;
  let stopping = new AbortController();
  let running = Promise.resolve();

  const settle = async ({ id, fields }: Entry): Promise<void> => {
    try {
      // One that was trimmed from the stream meanwhile has none.
      if (fields !== undefined) await handle(fields, id);
    } catch {
      return;
    }
    await reader.client().xack(stream, group, id);
  };

  const run = async ({ signal }: AbortController): Promise<void> => {
    while (!signal.aborted) {
      const from = after;
      const read = await reader
        .client()
        .xreadgroup(...(['GROUP', group, consumer, 'COUNT', 1, 'BLOCK', BLOCK, 'STREAMS', stream, from] as const));
      const entry = entryOf(read);
      // What was left unacknowledged comes first, from the beginning; then what nobody has been given.
      if (after === from) after = entry === undefined || from === NEW ? NEW : entry.id;
      if (entry !== undefined) await settle(entry);
    }
  };

  return {
    name: `redis stream ${stream}`,
    dependsOn: ['redis'],
    // A reader that has failed does not come back by itself: the next instance does.
    onFailure: 'drain',
    start: async ({ fail, signal }) => {
      stopping = new AbortController();
      await reader.start({ signal });
      try {
        await reader.client().xgroup('CREATE', stream, group, '0', 'MKSTREAM');
      } catch (error) {
        if (!String(error).includes('BUSYGROUP')) {
          await reader.close();
          throw error;
        }
      }
      after = FIRST;
      // An entry that was on its way when a connection broke has been given to this consumer: it begins again with such.
      reader.client().on('ready', () => (after = FIRST));
      running = run(stopping);
      running.catch(fail);
    },
    // A read that waits is not cut off: what Redis has just given it would have to be delivered again. Rejects where an
    // acknowledgement was lost.
    quiesce: () => {
      stopping.abort();
      return running;
    },
    close: reader.close,
  };
}

interface Entry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>> | undefined;
}

/** The first of `[[stream, [[id, [name, value, …]]]]]`, if there is one. */
function entryOf(read: unknown): Entry | undefined {
  const [first] = (read ?? []) as [string, [string, string[] | null][]][];
  const entry = first?.[1][0];
  if (entry === undefined) return undefined;
  const [id, flat] = entry;
  if (flat === null) return { id, fields: undefined };
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) fields[flat[index] ?? ''] = flat[index + 1] ?? '';
  return { id, fields };
}
