import { expect, test } from 'vitest';
import { Backoff } from '../../src/work/backoff.ts';

test('waits grow by the factor, up to the longest', () => {
  const backoff = new Backoff({ first: '1s', max: '5s', factor: 3, jitter: false });
  expect([1, 2, 3, 4, 5_000].map((failures) => backoff.wait(failures))).toEqual([1_000, 3_000, 5_000, 5_000, 5_000]);
});

test('waits of nothing stay so, however many failures there were', () => {
  const backoff = new Backoff({ first: 0 });
  expect([1, 2, 2_000].map((failures) => backoff.wait(failures))).toEqual([0, 0, 0]);
});
