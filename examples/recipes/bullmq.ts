import type { ComponentOptions } from '@drainkit/core';
import type { Worker } from 'bullmq';
import { unlessAborted } from './unless-aborted.ts';

/**
 * A BullMQ worker.
 *
 * `worker.close()` by itself waits for the jobs in hand without end. Here they have until the deadline; then their signals
 * abort, and the worker closes without them. Such a job is stalled, and begun again by another worker.
 *
 * @param create - makes it, with `autorun: false` and a processor that takes a signal: `async (job, token, signal) => …`.
 */
export function bullWorker(name: string, create: () => Worker): ComponentOptions {
  let worker: Worker | undefined;
  let late = false;
  return {
    name: `bullmq ${name}`,
    onFailure: 'drain',
    start: async ({ fail, signal }) => {
      const created = create();
      worker = created;
      // It goes on after a lost connection; without a listener it prints each error.
      created.on('error', () => {});
      await unlessAborted(created.waitUntilReady(), signal).catch(async (error: unknown) => {
        await created.close(true);
        throw error;
      });
      void created.run().catch(fail);
    },
    quiesce: async ({ signal }) => {
      signal.addEventListener('abort', () => {
        late = true;
        worker?.cancelAllJobs('the drain deadline has passed');
      });
      // Takes no more jobs, and waits for those in hand.
      await worker?.pause();
      late = false;
    },
    close: () => worker?.close(late),
  };
}
