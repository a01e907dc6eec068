import cluster from 'node:cluster';
import { Server } from 'node:net';
import type { Drain } from '../drain.ts';
import { processHost } from '../node/process-host.ts';
import { requestIn } from '../parent-message.ts';

/**
 * What a drain owes to its primary, in a worker of node:cluster.
 *
 * In a reload another worker has taken its place: it stops taking connections at once, and keeps its window for those that it
 * has, whose clients are told to leave with their next response. To end them while they are idle would lose what is just
 * being sent.
 *
 * A primary that hands out connections (SCHED_RR, the default everywhere but on Windows) may have sent one when the worker
 * closes its listener; Node then sends it back, to be given to another worker, if this one lives long enough to do so. So,
 * when everything is closed, the worker disconnects, which asks the primary for an answer: by then all that it had sent has
 * come and gone back. Without that the channel would also keep the process alive.
 */
export function joinCluster(drain: Drain, listening: Iterable<Server>): void {
  if (!cluster.isWorker) return;
  let ends = false;
  drain.on('trigger', ({ trigger }) => {
    ends = trigger.exits;
  });
  const stop = processHost.onMessage((message) => {
    const request = requestIn(message);
    if (request === 'unready') drain.unready('the primary is draining');
    // The listener alone: `http.Server#close` would end idle connections.
    if (request === 'leave') for (const server of listening) Server.prototype.close.call(server);
  });
  drain.on('report', () => {
    stop();
    // Disconnecting closes what listens, which another drain of this process may not have come to.
    if (ends && !processHost.held) cluster.worker?.disconnect();
  });
}
