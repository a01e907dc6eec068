import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/plan/duration.ts';

const LONGEST = 2 ** 31 - 1;

describe('parseDuration', () => {
  test.each([
    [0, 0],
    [250, 250],
    [LONGEST, LONGEST],
    ['0', 0],
    ['250', 250],
    ['250ms', 250],
    ['5s', 5_000],
    ['1m', 60_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['  5s  ', 5_000],
  ])('%j is %j milliseconds', (value, ms) => {
    expect(parseDuration(value)).toBe(ms);
  });

  test.each([
    [0.4, 0],
    [0.5, 1],
    ['1.5ms', 2],
    ['0.0005s', 1],
  ])('%j is rounded to %j whole milliseconds', (value, ms) => {
    expect(parseDuration(value)).toBe(ms);
  });

  test.each([
    [-1],
    [Number.NaN],
    [Infinity],
    [LONGEST + 1],
    ['25d'],
    ['597h'],
    [''],
    [' '],
    ['-5s'],
    ['+5s'],
    ['5 s'],
    ['5S'],
    ['5sec'],
    ['5 parsecs'],
    ['1e3'],
    ['0x10'],
    ['.5s'],
    ['5.'],
    ['Infinity'],
    ['s'],
    [undefined],
    [null],
    [true],
    [5n],
    [[5]],
    [{}],
    [new Date(5)],
  ])('%o is no duration', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  test('whatever it is given, it answers with whole milliseconds that a timer takes, or nothing', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const ms = parseDuration(value);
        if (ms === undefined) return;
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(LONGEST);
      }),
    );
  });

  test('a number means the same as its text, with or without ms', () => {
    fc.assert(
      fc.property(fc.nat(LONGEST), (ms) => {
        expect([parseDuration(String(ms)), parseDuration(`${ms}ms`), parseDuration(ms)]).toEqual([ms, ms, ms]);
      }),
    );
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [850, '850 ms'],
    [999.4, '999 ms'],
    [1_000, '1 s'],
    [1_500, '1.5 s'],
    [1_524, '1.52 s'],
    [59_990, '59.99 s'],
    [60_000, '1 m 0 s'],
    [125_000, '2 m 5 s'],
    [119_999, '2 m 0 s'],
    [3_600_000, '60 m 0 s'],
  ])('%j milliseconds read %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    [999.6, '1 s'],
    [59_999, '1 m 0 s'],
  ])('%j milliseconds are rounded up into the next unit: %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
