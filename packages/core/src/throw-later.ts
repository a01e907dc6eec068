/**
 * Throws an error where nobody catches it: one that was thrown in the middle of a drain, by somebody else's code. It stops
 * nothing here, and is reported as what it is, an uncaught exception.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
