import type { DrainOptions } from '../plan/drain-options.ts';
import { HttpDrain } from './http-drain.ts';

/**
 * A drain for a process with node:http or node:https servers, or with none at all. It listens for signals from now on;
 * `attach` servers to it. It logs nothing unless it is given a logger.
 *
 * @throws DrainError `DRAIN_OPTIONS_INVALID`, listing every problem.
 */
export function createDrain(options: DrainOptions = {}): HttpDrain {
  return new HttpDrain(options);
}
