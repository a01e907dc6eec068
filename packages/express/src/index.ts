export { DrainError, formatReport, type DrainOptions, type DrainReport } from '@drainkit/core';
export type { RequestSignals } from '@drainkit/core/node';
export { createDrain } from './create-drain.ts';
export { ExpressDrain } from './express-drain.ts';
