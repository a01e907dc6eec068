import { distinct, seconds } from '../spread.ts';
import type { Ending } from '../ending.ts';

/** `exit 1, 3.5 s, closed all`: one cell of a table, over all runs. */
export function endingText(endings: readonly Ending[], resources: number): string {
  const exit = distinct(endings.map((ending) => exitText(ending)));
  const closed = distinct(endings.map((ending) => closedText(ending, resources)));
  return `${exit}, ${seconds(endings.map(({ ms }) => ms))}, closed ${closed}`;
}

function exitText({ exit }: Ending): string {
  return /^\d+$/.test(exit) ? `exit ${exit}` : exit;
}

/** Which of the resources, by the order in which they were opened: `all`, `none`, `#1 and #3`. */
function closedText({ closed }: Ending, resources: number): string {
  const once = [...new Set(closed)];
  const twice = once.length < closed.length ? ', some twice' : '';
  if (once.length === 0) return 'none';
  if (once.length === resources) return `all${twice}`;
  const names = once.toSorted().map((name) => `#${name}`);
  return `${names.join(' and ')}${twice}`;
}
