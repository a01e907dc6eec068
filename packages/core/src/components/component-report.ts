import type { ComponentStep } from './component.ts';
import { errorText } from '../error-text.ts';

/** What there is to say of one component. How it closed is among the resources. Times are in whole milliseconds. */
export interface ComponentReport {
  readonly name: string;
  /** How long it took to start. */
  readonly startMs?: number;
  /** How long it took to stop its intake. */
  readonly quiesceMs?: number;
  /** How often it failed while serving. */
  readonly failures: number;
  /** What it failed with last: to start, to serve, to quiesce. */
  readonly error?: string;
}

/** Gathers what happens to components: one row each, however long the app lives and however often they fail. */
export class ComponentReports {
  readonly #rows = new Map<string, ComponentReport>();

  add({ name, step, outcome, ms, error }: ComponentStep): void {
    const row = this.#rows.get(name) ?? { name, failures: 0 };
    const isFailed = outcome === 'failed';
    this.#rows.set(name, {
      ...row,
      ...(step === 'start' && !isFailed ? { startMs: Math.round(ms) } : {}),
      ...(step === 'quiesce' ? { quiesceMs: Math.round(ms) } : {}),
      ...(step === 'failure' ? { failures: row.failures + 1 } : {}),
      ...(isFailed ? { error: errorText(error) } : {}),
    });
  }

  rows(): ComponentReport[] {
    return [...this.#rows.values()];
  }
}
