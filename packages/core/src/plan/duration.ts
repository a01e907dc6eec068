/** Milliseconds, or a number with a unit: `'250ms'`, `'5s'`, `'1.5m'`, `'1h'`. */
export type Duration = number | `${number}${DurationUnit}` | `${number}`;

type DurationUnit = keyof typeof UNITS;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;

/** The longest delay that a timer takes: 2^31 - 1 ms, about 24.8 days. */
const LONGEST = 2 ** 31 - 1;

/** What a duration may look like, for error messages. */
export const DURATION_FORM = "milliseconds from 0 to 2147483647, or a string such as '500ms', '5s', '1m'";

/** Milliseconds of a duration, or `undefined` when it is none: negative, not finite, too long, an unknown unit. */
export function parseDuration(value: unknown): number | undefined {
  let ms: number;
  if (typeof value === 'number') {
    ms = value;
  } else if (typeof value === 'string') {
    const match = PATTERN.exec(value.trim());
    if (match === null) return undefined;
    ms = Number(match[1]) * UNITS[(match[2] ?? 'ms') as DurationUnit];
  } else {
    return undefined;
  }
  return ms >= 0 && ms <= LONGEST ? Math.round(ms) : undefined;
}

/** Milliseconds for people: `850 ms`, `1.52 s`, `2 m 5 s`. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1_000) return `${whole} ms`;
  const inSeconds = Number((whole / 1_000).toFixed(2));
  if (inSeconds < 60) return `${inSeconds} s`;
  const seconds = Math.round(whole / 1_000);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}
