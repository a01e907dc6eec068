import type { ComponentOptions, StartContext } from '@drainkit/core';
import type { Redis } from 'ioredis';
import { unlessAborted } from './unless-aborted.ts';

export interface RedisClient extends ComponentOptions {
  /** The client. Ask each time: after a start that failed, it is another. */
  readonly client: () => Redis;
  readonly start: (context: Pick<StartContext, 'signal'>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * A Redis client (ioredis). Register it before whatever uses it.
 *
 * @param create - makes it, with `lazyConnect: true`; makes another where it is started again.
 */
export function redis(create: () => Redis): RedisClient {
  // It connects again by itself, and rejects the commands that it cannot send; without a listener it prints each error.
  const open = (): Redis => create().on('error', () => {});
  let client = open();
  let closed = false;
  return {
    name: 'redis',
    client: () => client,
    start: async ({ signal }) => {
      if (closed) client = open();
      closed = false;
      try {
        if (client.status === 'wait') await unlessAborted(client.connect(), signal);
        await unlessAborted(client.ping(), signal);
      } catch (error) {
        closed = true;
        client.disconnect();
        throw error;
      }
    },
    close: async () => {
      closed = true;
      // QUIT is answered after every command before it. Where there is no connection, it would wait for one.
      if (client.status === 'ready') await client.quit();
      else client.disconnect();
    },
  };
}
