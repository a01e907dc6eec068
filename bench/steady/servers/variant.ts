/**
 * The framework as it is; with drainkit; with drainkit and its metrics. Of Express also with a middleware that does nothing,
 * and with drainkit attached to the server and no middleware.
 */
export type Variant = 'bare' | 'empty' | 'attached' | 'drain' | 'metrics';

/** What this process is to be. */
export const variant: Variant = (process.argv[2] ?? 'bare') as Variant;
