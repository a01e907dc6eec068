/** The framework as it is; with drainkit; with drainkit and its metrics. */
export type Variant = 'bare' | 'drain' | 'metrics';

/** What this process is to be. */
export const variant: Variant = (process.argv[2] ?? 'bare') as Variant;

/** Answers each message with the CPU time that this process has used, all its threads together. */
export function tellCpuTime(): void {
  process.on('message', () => process.send?.(process.cpuUsage()));
}
