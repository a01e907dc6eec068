import type { Load } from './load.ts';
import { count, counted, paint } from './terminal.ts';

/** The process of an instance that was restarted, and how it ended. */
export interface Restart {
  readonly name: string;
  /** Its exit code; the signal that ended it, if one did. */
  readonly exit: string;
}

/** The totals, and one sentence on them. */
export interface Summary {
  readonly text: string;
  /** Whether nothing was dropped, nothing refused, and every instance exited with 0. */
  readonly isClean: boolean;
}

export function summarize(load: Load, restarts: readonly Restart[]): Summary {
  const { served, dropped, refused } = load;
  const exits = restarts.map(({ name, exit }) => `${name} ${exit}`).join(', ');
  const exitsClean = restarts.length > 0 && restarts.every(({ exit }) => exit === '0');
  const isClean = served > 0 && dropped === 0 && refused === 0 && exitsClean;
  const width = count(served).length;
  const total = (label: string, value: number, bad: boolean, note = ''): string =>
    `  ${label.padEnd(12)}${paint(bad && value > 0 ? 'red' : 'green', count(value).padStart(width))}  ${paint('dim', note)}`.trimEnd();
  const failures = [...load.failures].map(([reason, times]) => `${count(times)} × ${reason}`).join(', ');
  return {
    isClean,
    text: [
      total('served', served, false),
      total('dropped', dropped, true, 'reset, timed out, or answered 5xx'),
      total('refused', refused, true, 'answered 503, or no connection'),
      `  ${'exit codes'.padEnd(12)}${paint(exitsClean ? 'green' : 'red', exits)}`,
      ...(failures === '' ? [] : [`  ${'failures'.padEnd(12)}${failures}`]),
      '',
      isClean
        ? `Both instances were restarted under load, and all of ${counted(served, 'request')} were served: none dropped, none refused.`
        : sentenceOf(dropped, refused, exitsClean),
    ].join('\n'),
  };
}

function sentenceOf(dropped: number, refused: number, exitsClean: boolean): string {
  const lost = `${counted(dropped, 'request')} dropped and ${count(refused)} refused`;
  if (dropped + refused > 0) return `The instances were restarted under load at the cost of ${lost}.`;
  return exitsClean ? 'No request was served at all.' : 'No request was lost, but not every instance exited with 0.';
}
