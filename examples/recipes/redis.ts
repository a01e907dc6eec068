import type { ComponentOptions } from '@drainkit/core';
import type { Redis } from 'ioredis';
import { unlessAborted } from './unless-aborted.ts';

/** A Redis client (ioredis). Make it with `lazyConnect: true`, and register it before whatever uses it. */
export function redis(client: Redis): ComponentOptions {
  // It connects again by itself, and rejects the commands that it cannot send; without a listener it prints each error.
  client.on('error', () => {});
  return {
    name: 'redis',
    start: async ({ signal }) => {
      if (client.status === 'wait') await unlessAborted(client.connect(), signal);
      await unlessAborted(client.ping(), signal);
    },
    close: async () => {
      // QUIT is answered after every command before it. Where there is no connection, it would wait for one.
      if (client.status === 'ready') await client.quit();
      else client.disconnect();
    },
  };
}
