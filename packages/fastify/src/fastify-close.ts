import type { HttpDrain } from '@drainkit/core/node';
import type { FastifyInstance } from 'fastify';

/**
 * Brings Fastify's close and the drain together, whichever begins. A signal: the drain calls `app.close()` when nothing is
 * in flight any more. `app.close()` by hand: it begins the drain, and its hooks wait for the drain's resources.
 */
export class FastifyClose {
  readonly #app: FastifyInstance;
  readonly #drain: HttpDrain;
  #byDrain = false;
  #byHand = false;
  #onHooksRun: () => void = () => {};
  readonly #hooksRun = new Promise<void>((resolve) => {
    this.#onHooksRun = resolve;
  });

  constructor(app: FastifyInstance, drain: HttpDrain) {
    this.#app = app;
    this.#drain = drain;
  }

  /** The drain has reached the framework: close it, or wait until whoever is closing it is done. */
  async run(): Promise<void> {
    if (this.#byHand) return this.#hooksRun;
    this.#byDrain = true;
    await this.#app.close();
  }

  onPreClose(): void {
    if (this.#byDrain) return;
    this.#byHand = true;
    // Not awaited: Fastify gives this hook pluginTimeout at most, and waits for the server to close after it without any.
    void this.#drain.close('app.close()');
  }

  /** Hooks run in reverse order of registration: where the plugin is registered first, those of all others have run. */
  async onClose(): Promise<void> {
    this.#onHooksRun();
    if (this.#byHand) await this.#drain.done;
  }
}
