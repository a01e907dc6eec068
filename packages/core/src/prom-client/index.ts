export { meterDrain } from './meter-drain.ts';
