import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Whether the output is a terminal: only then is a line drawn over again. */
export const isTerminal: boolean = process.stdout.isTTY;

/** `hasColors` knows NO_COLOR, FORCE_COLOR and TERM. */
const hasColors = isTerminal && process.stdout.hasColors();

/** Text in a colour, where there are any. */
export function paint(style: Style, text: string): string {
  return hasColors ? styleText(style, text) : text;
}

let live = '';

/** Prints a line, above the live one. */
export function print(line = ''): void {
  process.stdout.write(`${live === '' ? '' : ERASE}${line}\n${live}`);
}

/** Draws the live line over again; an empty one takes it away. Does nothing where the output is not a terminal. */
export function printLive(line: string): void {
  if (!isTerminal) return;
  process.stdout.write(`${live === '' ? '' : ERASE}${line}`);
  live = line;
}

/** Back to the beginning of the line, and all of it away. */
const ERASE = '\r\u001B[K';

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** 12,345 */
export function count(number: number): string {
  return number.toLocaleString('en');
}

/** `1 request`, `2 requests` */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}
