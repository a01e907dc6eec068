import cluster from 'node:cluster';
import type { Drain } from '../drain.ts';
import { processHost } from '../node/process-host.ts';
import { requestIn } from '../parent-message.ts';

/**
 * What a drain owes to its primary, in a worker of node:cluster.
 *
 * A primary that hands out connections (SCHED_RR, the default everywhere but on Windows) may have sent one when the worker
 * closes its listener; Node then sends it back, to be given to another worker, if this one lives long enough to do so. So,
 * when everything is closed, the worker disconnects, which asks the primary for an answer: by then all that it had sent has
 * come and gone back. Without that the channel would also keep the process alive.
 */
export function joinCluster(drain: Drain): void {
  if (!cluster.isWorker) return;
  let ends = false;
  drain.on('trigger', ({ trigger }) => {
    ends = trigger.exits;
  });
  const stop = processHost.onMessage((message) => {
    if (requestIn(message) === 'unready') drain.unready('the primary is draining');
  });
  drain.on('report', () => {
    stop();
    // Disconnecting closes what listens, which another drain of this process may not have come to.
    if (ends && !processHost.held) cluster.worker?.disconnect();
  });
}
