import type { Host } from './host.ts';

/** How long, after everything is closed, the process may take to end by itself, in milliseconds. */
const LINGER = 250;

/**
 * Lets the process end by itself with `code`. Where something keeps it alive, `onLingering` is told what, and the process
 * is ended; unless another drain of this process is under way, which will end it.
 */
export function leave(host: Host, code: number, onLingering: (handles: readonly string[]) => void): void {
  host.setExitCode(code);
  host.clock.setTimeout(
    () => {
      if (host.held) return;
      onLingering(host.activeHandles());
      host.exit(code);
    },
    LINGER,
    { ref: false },
  );
}
