/** What a handler learns about the drain, for one request. Nothing is kept of it once the response is closed. */
export type { WorkSignals as RequestSignals } from '../work/work-signals.ts';
export { LazySignals } from '../work/work-signals.ts';
