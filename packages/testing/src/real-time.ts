// Taken when this file is loaded, so that a test that fakes the global timers later (`vi.useFakeTimers()`)
// does not stop its own waits.

/** Milliseconds since an arbitrary moment. */
export const now: () => number = performance.now.bind(performance);

export const startTimer: (callback: () => void, ms: number) => NodeJS.Timeout = globalThis.setTimeout;

export const stopTimer: (timer: NodeJS.Timeout | undefined) => void = globalThis.clearTimeout;

const startImmediate: (callback: () => void) => NodeJS.Immediate = globalThis.setImmediate;

/** Waits `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    startTimer(resolve, ms);
  });
}

/** Waits until the event loop has polled. All microtasks have run by then. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    startImmediate(resolve);
  });
}
