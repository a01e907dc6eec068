import type { DrainOptions } from '@drainkit/core';
import { ExpressDrain } from './express-drain.ts';

/**
 * A drain for an Express app, or for any node:http and node:https servers. It listens for signals from now on.
 *
 * ```ts
 * const drain = createDrain();
 * app.use(drain.middleware());
 * drain.attach(app.listen(3000));
 * ```
 *
 * @throws DrainError `DRAIN_OPTIONS_INVALID`, listing every problem.
 */
export function createDrain(options: DrainOptions = {}): ExpressDrain {
  return new ExpressDrain(options);
}
