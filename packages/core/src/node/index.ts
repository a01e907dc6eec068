export { createDrain } from './create-drain.ts';
export type { RequestSignals } from './request-signals.ts';
export { HttpDrain } from './http-drain.ts';
export type { Routes } from './http-drainable.ts';
export { processHost } from './process-host.ts';
