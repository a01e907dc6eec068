import type { DrainReport, Phase } from '@drainkit/core';
import { spawnApp, within, type AppExit, type SpawnedApp } from '@drainkit/testing';

/** Where the process of a slot stands: a phase of its drain, or not there yet, or not there any more. */
export type SlotState = Exclude<Phase, 'closed'> | 'gone' | 'starting';

/** What came of a process: how it ended, and the report it left; none if it did not drain. */
export interface SlotExit extends AppExit {
  readonly report: DrainReport | undefined;
}

/** One place behind the balancer: a name and a port, and the process that listens there, which may be replaced. */
export class InstanceSlot {
  readonly name: string;
  readonly port: number;
  readonly #window: string;
  #app: SpawnedApp | undefined;
  #isStarting = false;

  /** @param window - DRAIN_WINDOW of its processes. */
  constructor(name: string, port: number, window: string) {
    this.name = name;
    this.port = port;
    this.#window = window;
  }

  /** Starts a process and waits until it listens. */
  async start(): Promise<void> {
    this.#isStarting = true;
    try {
      this.#app = await spawnApp(new URL('instance.ts', import.meta.url), {
        env: { DRAIN_WINDOW: this.#window, ...process.env, INSTANCE: this.name, PORT: String(this.port) },
        startTimeout: 20_000,
      });
    } finally {
      this.#isStarting = false;
    }
  }

  /** Sends SIGTERM and waits until the process is gone. */
  async terminate(): Promise<SlotExit> {
    const app = this.#app;
    if (app === undefined) throw new Error(`${this.name} is not running`);
    app.signal('SIGTERM');
    const exit = await within(`${this.name} to exit`, 35_000, app.exited);
    const report = app.logs.findLast(({ drain }) => drain === 'report')?.['report'] as DrainReport | undefined;
    return { ...exit, report };
  }

  async kill(): Promise<void> {
    await this.#app?.kill();
  }

  /** Read from the log lines, of which the drain writes one for each phase. */
  get state(): SlotState {
    if (this.#isStarting) return 'starting';
    if (this.#app?.isAlive !== true) return 'gone';
    const phase = this.#app.logs.findLast(({ drain }) => drain === 'phase')?.['phase'] as Phase | undefined;
    return phase === 'closed' ? 'closing' : (phase ?? 'serving');
  }
}
