import type { ComponentOptions } from '@drainkit/core';
import type { Redis } from 'ioredis';

export interface RedisStreamOptions {
  /** Whose settings the consumer's own connection has: a read that blocks keeps everything behind it waiting. */
  readonly client: Redis;
  readonly stream: string;
  readonly group: string;
  /** Give an instance the same name again after a restart: it begins with what it left unacknowledged. */
  readonly consumer: string;
  /** One that rejects leaves the entry unacknowledged. */
  readonly handle: (fields: Readonly<Record<string, string>>, id: string) => Promise<void>;
}

/** How long a read waits for an entry, and quiescing at most for the read, in milliseconds. */
const BLOCK = 1_000;

/** A consumer of a Redis stream, one entry at a time. */
export function redisStream({ client, stream, group, consumer, handle }: RedisStreamOptions): ComponentOptions {
  const reader = client.duplicate({ lazyConnect: true });
  reader.on('error', () => {});
  let stopping = new AbortController();
  let running = Promise.resolve();

  const run = async ({ signal }: AbortController): Promise<void> => {
    // What was left unacknowledged comes first, from the beginning; then what nobody has been given.
    let after = '0';
    while (!signal.aborted) {
      const read = await reader.xreadgroup(
        ...(['GROUP', group, consumer, 'COUNT', 1, 'BLOCK', BLOCK, 'STREAMS', stream, after] as const),
      );
      const [entry] = entriesOf(read);
      if (entry !== undefined) {
        const { id, fields } = entry;
        if (after !== '>') after = id;
        const handled = await handle(fields, id).then(
          () => true,
          () => false,
        );
        if (handled) await reader.xack(stream, group, id);
      } else after = '>';
    }
  };

  return {
    name: `redis stream ${stream}`,
    dependsOn: ['redis'],
    // A reader that has failed does not come back by itself: the next instance does.
    onFailure: 'drain',
    start: async ({ fail }) => {
      stopping = new AbortController();
      await reader.connect();
      await reader.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch((error: unknown) => {
        if (!String(error).includes('BUSYGROUP')) throw error;
      });
      running = run(stopping).catch(fail);
    },
    // A read that waits is not cut off: what Redis has just given it would have to be delivered again.
    quiesce: () => {
      stopping.abort();
      return running;
    },
    close: () => reader.disconnect(),
  };
}

/** `[[stream, [[id, [name, value, …]]]]]`, or nothing. */
function entriesOf(read: unknown): { id: string; fields: Record<string, string> }[] {
  const streams = (read ?? []) as [string, [string, string[] | null][]][];
  return streams
    .flatMap(([, entries]) => entries)
    .map(([id, pairs]) => {
      // One that was trimmed from the stream meanwhile has none.
      const flat = pairs ?? [];
      const fields: Record<string, string> = {};
      for (let index = 0; index + 1 < flat.length; index += 2) fields[flat[index] ?? ''] = flat[index + 1] ?? '';
      return { id, fields };
    });
}
