import { readCount } from '../plan/argument.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { DrainError } from '../drain-error.ts';
import { errorText } from '../error-text.ts';
import type { SleepSet } from './sleep-set.ts';

export interface RetryOptions extends BackoffOptions {
  /** How often to try at most. @default Infinity */
  readonly tries?: number;
}

/**
 * Calls `run` until it succeeds, waiting longer after each failure, and settles as it does. The drain ends the waiting: the
 * rejection is then a `DRAIN_DRAINING` with the last failure as its cause. The last of `tries` rejects with its own failure.
 *
 * @param run - called at least once, also where the drain has begun; given the number of the try, from 1.
 */
export async function retry<Value>(
  sleeps: SleepSet,
  run: (attempt: number) => PromiseLike<Value> | Value,
  options: RetryOptions,
): Promise<Value> {
  const tries = readCount('tries', options.tries ?? Infinity, 1);
  const backoff = new Backoff(options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt);
    } catch (cause) {
      if (attempt >= tries) throw cause;
      if (await sleeps.sleep(backoff.wait(attempt))) continue;
      const detail = `the drain began after ${attempt} failed tries, the last with: ${errorText(cause)}`;
      throw new DrainError('DRAIN_DRAINING', detail, { cause });
    }
  }
}
