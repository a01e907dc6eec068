/** Set by the primary of `createPrimary` in its workers. */
export const WORKER_VARIABLE = 'DRAINKIT_WORKER';

/**
 * Tells whoever started this process, if it waits for that, that it is ready: pm2 with `wait_ready`, and the primary of
 * `createPrimary`. Other parents are told nothing: what a message means to them is theirs to say.
 */
export function tellSupervisor(): void {
  const isAwaited = process.env[WORKER_VARIABLE] !== undefined || process.env['pm_id'] !== undefined;
  if (isAwaited && process.connected) process.send?.('ready', undefined, undefined, ignore);
}

/** Who is gone needs not be told. */
function ignore(): void {}
