/**
 * What a parent process sends to have a drain begin. pm2 sends the text `shutdown`, and so does whoever does as pm2 does: no
 * window. The primary of `createPrimary` has its workers keep the window: `drain`, all of them; `leave`, one whose place another
 * has taken, and which takes no new connections.
 */
export type ParentMessage = 'shutdown' | { readonly drainkit: Request };

type Request = 'drain' | 'leave' | 'unready';

const REQUESTS: readonly unknown[] = ['drain', 'leave', 'unready'] satisfies Request[];

/** What a message from a parent process asks for, if it is for a drain at all. */
export function requestIn(message: unknown): 'shutdown' | Request | undefined {
  if (message === 'shutdown') return message;
  if (typeof message !== 'object' || message === null || !('drainkit' in message)) return undefined;
  return REQUESTS.includes(message.drainkit) ? (message.drainkit as Request) : undefined;
}
