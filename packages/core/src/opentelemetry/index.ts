export { meterDrain } from './meter-drain.ts';
export { traceDrain } from './trace-drain.ts';
