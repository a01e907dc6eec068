import { now, sleep, startTimer, stopTimer } from './real-time.ts';
import { TimedOutError } from './timed-out-error.ts';

export interface EventuallyOptions {
  /** How long to try, in milliseconds. @default 5000 */
  readonly timeout?: number;
  /** The time between two tries, in milliseconds. @default 10 */
  readonly interval?: number;
}

/**
 * Waits in real time for `promise`, at most `ms` milliseconds.
 *
 * @param name What is waited for, as in "timed out after 5000 ms waiting for the server to close".
 * @throws {TimedOutError} when time is up; what `promise` does afterwards is ignored.
 */
export async function within<T>(name: string, ms: number, promise: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = startTimer(() => reject(new TimedOutError(name, ms)), ms);
  });
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    stopTimer(timer);
  }
}

/**
 * Runs `check` in real time, again and again, until it neither throws nor answers `false`; resolves to its answer.
 * It is tried at least once, and one try that never settles does not outlast the timeout.
 *
 * @param name What is waited for, as in "timed out after 5000 ms waiting for /ready to turn 503".
 * @throws {TimedOutError} when time is up, with the last error of `check` as its `cause`.
 */
export async function eventually<T>(
  name: string,
  check: () => T | PromiseLike<T>,
  { timeout = 5000, interval = 10 }: EventuallyOptions = {},
): Promise<T> {
  const until = now() + timeout;
  let last: ErrorOptions | undefined;
  let left = timeout;
  do {
    const tried = Promise.resolve()
      .then(check)
      .then(
        (value) => ({ value }),
        (cause: unknown) => ({ cause }),
      );
    const outcome = await within(name, left, tried).catch(() => undefined);
    if (outcome === undefined) break;
    if ('value' in outcome && outcome.value !== false) return outcome.value;
    last = 'cause' in outcome ? { cause: outcome.cause } : undefined;
    left = until - now();
    if (left > 0) await sleep(Math.min(interval, left));
    left = until - now();
  } while (left > 0);
  throw new TimedOutError(name, timeout, last);
}
