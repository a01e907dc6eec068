import type { DrainError } from '../drain-error.ts';

/** What a piece of work learns about the drain: a request's handler, a pool's task. Nothing is kept of it once that is over. */
export interface WorkSignals {
  /** Aborted when the drain begins, with a DrainError `DRAIN_DRAINING`. */
  readonly signal: AbortSignal;
  /** Aborted when the deadline passes, with a DrainError `DRAIN_DEADLINE`. */
  readonly forceSignal: AbortSignal;
}

/**
 * The signals of one piece of work. Controllers are made only for those who ask: most never look, and a signal costs more
 * than counting a request.
 */
export class LazySignals implements WorkSignals {
  #drainReason: DrainError | undefined;
  #forceReason: DrainError | undefined;
  #drainController: AbortController | undefined;
  #forceController: AbortController | undefined;

  get signal(): AbortSignal {
    this.#drainController ??= controllerFor(this.#drainReason);
    return this.#drainController.signal;
  }

  get forceSignal(): AbortSignal {
    this.#forceController ??= controllerFor(this.#forceReason);
    return this.#forceController.signal;
  }

  announce(reason: DrainError): void {
    this.#drainReason = reason;
    this.#drainController?.abort(reason);
  }

  force(reason: DrainError): void {
    this.#forceReason = reason;
    this.#forceController?.abort(reason);
  }
}

function controllerFor(reason: DrainError | undefined): AbortController {
  const controller = new AbortController();
  if (reason !== undefined) controller.abort(reason);
  return controller;
}
