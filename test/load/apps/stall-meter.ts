import { monitorEventLoopDelay } from 'node:perf_hooks';

/** For how long an event loop stood still at most, in milliseconds. */
export interface Stalls {
  /** As the clock has it. */
  readonly stallMs: number;
  /** Less the time in which the process waited for a CPU, where other processes were busy: what it used, all its threads. */
  readonly busyMs: number;
}

/** Measures how long the event loop stands still. Its first tick begins the measurement. */
export class StallMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });
  #busyMs = 0;
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    this.#delay.enable();
    let before = process.cpuUsage();
    this.#timer = setInterval(() => {
      const { user, system } = process.cpuUsage(before);
      before = process.cpuUsage();
      this.#busyMs = Math.max(this.#busyMs, (user + system) / 1000);
    }, 1);
    this.#timer.unref();
  }

  stop(): Stalls {
    this.#delay.disable();
    clearInterval(this.#timer);
    return { stallMs: this.#delay.max / 1e6, busyMs: Math.min(this.#busyMs, this.#delay.max / 1e6) };
  }
}
