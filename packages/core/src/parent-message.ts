/**
 * What a parent process sends to have a drain begin. pm2 sends the text `shutdown`, and so does whoever does as pm2 does: no
 * window. The primary of `createPrimary` also knows of workers that keep the window.
 */
export type ParentMessage = 'shutdown' | { readonly drainkit: 'drain' | 'unready' };

/** What a message from a parent process asks for, if it is for a drain at all. */
export function requestIn(message: unknown): 'at-once' | 'window' | 'unready' | undefined {
  if (message === 'shutdown') return 'at-once';
  if (typeof message !== 'object' || message === null || !('drainkit' in message)) return undefined;
  if (message.drainkit === 'drain') return 'window';
  return message.drainkit === 'unready' ? 'unready' : undefined;
}
