import type { DrainLogger } from '../drain-logger.ts';
import { formatDuration } from '../plan/duration.ts';

/** What happened to a primary's workers. A worker is named by its place and process id: `worker 2 (pid 4711)`. */
export type PrimaryEvent =
  | { readonly type: 'ready'; readonly worker: string }
  /** `expected`: it had been told to leave. */
  | {
      readonly type: 'exit';
      readonly worker: string;
      readonly code: number | null;
      readonly signal: string | null;
      readonly expected: boolean;
    }
  /** A worker has died, or did not become ready; another is started in its place after `delayMs`. */
  | { readonly type: 'restart'; readonly worker: string; readonly delayMs: number }
  | { readonly type: 'reload-began' }
  | { readonly type: 'reload-done'; readonly ms: number }
  | { readonly type: 'reload-failed'; readonly error: Error };

/** One line for each event. */
export function logPrimaryEvent(logger: DrainLogger, event: PrimaryEvent): void {
  const fields = { cluster: event.type };
  switch (event.type) {
    case 'ready':
      return logger.info({ ...fields, worker: event.worker }, `cluster: ${event.worker} is ready`);
    case 'exit': {
      const { worker, code, signal, expected } = event;
      const message = `cluster: ${worker} ended with ${signal ?? `code ${code}`}`;
      if (expected && code === 0) return logger.info({ ...fields, worker, code, signal }, message);
      return logger.warn({ ...fields, worker, code, signal }, message);
    }
    case 'restart': {
      const { worker, delayMs } = event;
      return logger.warn(
        { ...fields, worker, delayMs },
        `cluster: ${worker} is replaced in ${formatDuration(delayMs)}`,
      );
    }
    case 'reload-began':
      return logger.info(fields, 'cluster: reload');
    case 'reload-done':
      return logger.info({ ...fields, ms: event.ms }, `cluster: reloaded in ${formatDuration(event.ms)}`);
    case 'reload-failed':
      return logger.error({ ...fields, err: event.error }, `cluster: ${event.error.message}`);
  }
}
