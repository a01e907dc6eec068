import type { DrainOptions } from '@drainkit/core';
import { createDrain, type HttpDrain } from '@drainkit/core/node';
import { within } from '@drainkit/testing';
import { expect, onTestFinished } from 'vitest';

/** A drain in real time, that of the servers, which leaves this process and its signals alone. */
export function testDrain(options: DrainOptions = {}): HttpDrain {
  const drain = createDrain({
    env: false,
    exit: false,
    faults: false,
    logger: false,
    signals: { SIGTERM: false, SIGINT: false },
    ...options,
  });
  onTestFinished(async () => {
    await within('the drain to end', 10_000, drain.close());
  });
  return drain;
}

/**
 * Starts the components of a drain twice: the first time one that comes after them fails, so that they are closed again.
 */
export async function startAgain(drain: HttpDrain): Promise<void> {
  let isTried = false;
  drain.component({
    name: 'fails at first',
    start: () => {
      if (isTried) return;
      isTried = true;
      throw new Error('not yet');
    },
  });
  await expect(drain.startComponents()).rejects.toThrow('not yet');
  await drain.startComponents();
}

/** A message handler that lets nothing go before the test says so. */
export class HeldHandler {
  readonly begun: string[] = [];
  readonly finished: string[] = [];
  readonly #released: Promise<void>;
  #release = (): void => {};

  constructor() {
    this.#released = new Promise((resolve) => (this.#release = resolve));
    onTestFinished(() => this.release());
  }

  readonly handle = async (text: string): Promise<void> => {
    this.begun.push(text);
    await this.#released;
    this.finished.push(text);
  };

  release(): void {
    this.#release();
  }
}
