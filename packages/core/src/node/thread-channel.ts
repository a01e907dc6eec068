import { BroadcastChannel, threadId } from 'node:worker_threads';
import type { Cancel } from '../host.ts';

/**
 * By which a thread is told to drain. Not its parent port: whoever listens to that first decides whether it keeps the thread
 * alive, which is the app's to say.
 */
const CHANNEL = 'drainkit.threads';

/** What is sent: a message for a thread, or by a thread that it listens from now on. */
type Sent = { readonly to: number; readonly message: unknown } | { readonly listens: number };

/**
 * Sends a message to the drains of a thread of this process: now, and, since nothing is kept for who does not listen yet,
 * again when a thread that is still booting begins to listen. Where it has none, or is busy, nobody hears it.
 *
 * @returns how to stop that.
 */
export function tellThread(thread: number, message: unknown): Cancel {
  const { send, close } = open((sent) => {
    if ('listens' in sent && sent.listens === thread) send({ to: thread, message });
  });
  send({ to: thread, message });
  return close;
}

/** Calls `listener` with each message for this thread. It does not keep the thread alive. */
export function listenInThread(listener: (message: unknown) => void): Cancel {
  const { send, close } = open((sent) => {
    if ('to' in sent && sent.to === threadId) listener(sent.message);
  });
  send({ listens: threadId });
  return close;
}

function open(onSent: (sent: Sent) => void): { readonly send: (sent: Sent) => void; readonly close: Cancel } {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', (event: unknown) => onSent((event as { readonly data: Sent }).data));
  channel.unref();
  return { send: (sent) => channel.postMessage(sent), close: () => channel.close() };
}
