import { drainPlugin } from './drain-plugin.ts';

export { DrainError, formatReport, type DrainOptions, type DrainReport } from '@drainkit/core';
export type { HttpDrain, RequestSignals } from '@drainkit/core/node';
export { drainPlugin };
export default drainPlugin;
