import { BroadcastChannel, threadId } from 'node:worker_threads';
import type { Cancel } from '../host.ts';

/**
 * By which a thread is told to drain. Not its parent port: whoever listens to that first decides whether it keeps the thread
 * alive, which is the app's to say.
 */
const CHANNEL = 'drainkit.threads';

interface ThreadMessage {
  readonly thread: number;
  readonly message: unknown;
}

/** Sends a message to the drains of a thread of this process. Where it has none, or is busy, nobody hears it. */
export function tellThread(thread: number, message: unknown): void {
  const channel = new BroadcastChannel(CHANNEL);
  const sent: ThreadMessage = { thread, message };
  channel.postMessage(sent);
  channel.close();
}

/** Calls `listener` with each message for this thread. It does not keep the thread alive. */
export function listenInThread(listener: (message: unknown) => void): Cancel {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', (event: unknown) => {
    const { thread, message } = (event as { readonly data: ThreadMessage }).data;
    if (thread === threadId) listener(message);
  });
  channel.unref();
  return () => channel.close();
}
