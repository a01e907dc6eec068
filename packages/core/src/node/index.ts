export { createDrain } from './create-drain.ts';
export type { RequestSignals } from './request-signals.ts';
export { HttpDrain } from './http-drain.ts';

export { requestKey, type RequestKey, type Routes } from './routes.ts';
export { processHost } from './process-host.ts';
