import type { Host } from './host.ts';

/** How long, after everything is closed, the process may take to end by itself, in milliseconds. */
const LINGER = 250;

/**
 * Lets the process end by itself with `code`. Where something keeps it alive, `onLingering` is told what, and the process
 * is ended, once no other drain of this process is under way.
 */
export function leave(host: Host, code: number, onLingering: (handles: readonly string[]) => void): void {
  host.setExitCode(code);
  const end = (): void => {
    if (host.held) return wait();
    onLingering(host.activeHandles());
    host.exit();
  };
  const wait = (): void => void host.clock.setTimeout(end, LINGER, { ref: false });
  wait();
}
