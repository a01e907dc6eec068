import { hasReached } from '@drainkit/core';
import type { Phase } from '@drainkit/core';
import { TimedOutError } from './timed-out-error.ts';
import { within } from './eventually.ts';

/** What has a phase and says when it changes: every drain. */
export interface PhaseSource {
  readonly phase: Phase;
  on(type: 'phase', listener: (event: { readonly phase: Phase }) => void): () => void;
}

export interface ReachedOptions {
  /** How long to wait, in milliseconds of real time. @default 5000 */
  readonly timeout?: number;
}

/**
 * Waits until `drain` has reached `phase` or a later one; it does not advance any clock.
 *
 * @throws {TimedOutError} when time is up, saying which phase the drain is in instead.
 */
export async function reached(
  drain: PhaseSource,
  phase: Phase,
  { timeout = 5000 }: ReachedOptions = {},
): Promise<void> {
  if (hasReached(drain.phase, phase)) return;
  let stop: (() => void) | undefined;
  const there = new Promise<void>((resolve) => {
    stop = drain.on('phase', (event) => {
      if (hasReached(event.phase, phase)) resolve();
    });
  });
  try {
    await within(`phase ${phase}`, timeout, there);
  } catch {
    throw new TimedOutError(`the drain to reach phase '${phase}' (it is in '${drain.phase}')`, timeout);
  } finally {
    stop?.();
  }
}
