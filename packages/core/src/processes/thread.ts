import { Worker } from 'node:worker_threads';
import { deferred } from '../deferred.ts';
import type { Drain } from '../drain.ts';
import { DrainError } from '../drain-error.ts';
import { show } from '../plan/drain-plan.ts';
import type { Clock } from '../host.ts';
import { tellThread } from '../node/thread-channel.ts';
import { drainCompanion, type CompanionOptions } from './companion.ts';

export interface ThreadOptions extends CompanionOptions {
  /**
   * What is posted to a thread that has no drain of its own and knows by this that it is to finish. A thread with one
   * (`createDrain()`) hears of it without.
   *
   * @default nothing is posted
   */
  readonly message?: unknown;
}

/**
 * Has a drain end a worker thread: asks it to finish, and terminates it where it does not. It ends in order with code 0.
 *
 * @throws DrainError `DRAIN_PROCESS_INVALID`, and what `drain.resource` throws.
 */
export function drainThread(drain: Drain, worker: Worker, options: ThreadOptions, clock: Clock): void {
  if (!(worker instanceof Worker)) {
    throw new DrainError('DRAIN_PROCESS_INVALID', `thread() was given ${show(worker)}, not a Worker`);
  }
  const { threadId, message } = { message: undefined, ...options, threadId: worker.threadId };
  // It is over.
  if (threadId === -1) return;
  const name = `${options.name ?? 'thread'} (thread ${threadId})`;
  const ended = deferred<DrainError | undefined>();
  let isTold = false;
  worker.once('exit', (code) => {
    const isFine = !isTold || code === 0;
    ended.resolve(isFine ? undefined : new DrainError('DRAIN_PROCESS_FAILED', `${name} ended with code ${code}`));
  });
  const tell = (): void => {
    isTold = true;
    void ended.promise.then(tellThread(threadId, 'shutdown'));
    if (message !== undefined) worker.postMessage(message);
  };
  const kill = (): void => void worker.terminate();
  drainCompanion(drain, { name, tell, kill, ended: ended.promise }, options, clock);
}
