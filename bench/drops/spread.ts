/** `3`, or `1–8`. */
export function spread(values: readonly number[], show: (value: number) => string = String): string {
  const [least, most] = [show(Math.min(...values)), show(Math.max(...values))];
  return least === most ? least : `${least}–${most}`;
}

/** `1.6–1.8 s` */
export function seconds(milliseconds: readonly number[]): string {
  return `${spread(milliseconds, (ms) => (ms / 1000).toFixed(1))} s`;
}

/** Each different one once, in the order in which they came up. */
export function distinct(values: readonly string[]): string {
  return [...new Set(values)].join(' or ');
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
