import { FakeClock } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { CoarseClock } from '../../src/node/coarse-clock.ts';

test('a look at the time holds for 50 ms', async () => {
  const clock = new FakeClock();
  const coarse = new CoarseClock(clock);
  await clock.advance(20);
  expect(coarse.now()).toBe(20);
  await clock.advance(49);
  expect(coarse.now()).toBe(20);
  await clock.advance(1);
  expect(coarse.now()).toBe(70);
});

test('it keeps nobody alive, and does nothing while nobody asks', async () => {
  const clock = new FakeClock();
  const coarse = new CoarseClock(clock);
  expect(clock.pending).toBe(0);
  coarse.now();
  coarse.now();
  expect([clock.pending, clock.pendingRef]).toEqual([1, 0]);
  await clock.advance(50);
  expect(clock.pending).toBe(0);
});
