import { FakeClock } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { Spread } from '../../src/node/spread.ts';

/** Numbers as items, and when each had its turn. */
function spreadOf(): {
  readonly clock: FakeClock;
  readonly spread: Spread<number>;
  readonly turns: Map<number, number>;
} {
  const clock = new FakeClock();
  const turns = new Map<number, number>();
  return { clock, turns, spread: new Spread(clock, (item) => turns.set(item, clock.now())) };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('each item has its turn in a slot of its own, in order', async () => {
  const { clock, spread, turns } = spreadOf();
  spread.start(numbers(10), 1_000);
  await clock.advance(1_000);
  expect([...turns.keys()]).toEqual(numbers(10));
  for (const [item, at] of turns) {
    expect(at).toBeGreaterThanOrEqual(item * 100);
    expect(at).toBeLessThanOrEqual((item + 1) * 100);
  }
});

test('the moments within the slots are random', async () => {
  const { clock, spread, turns } = spreadOf();
  spread.start(numbers(20), 2_000);
  await clock.advance(2_000);
  const offsets = new Set(Array.from(turns, ([item, at]) => Math.round(at - item * 100)));
  expect(offsets.size).toBeGreaterThan(5);
});

test('one that is added takes part in the time that is left', async () => {
  const { clock, spread, turns } = spreadOf();
  spread.start(numbers(2), 1_000);
  await clock.advance(600);
  spread.add(2);
  await clock.advance(400);
  expect(turns.get(2)).toBeGreaterThanOrEqual(500);
  expect(turns.size).toBe(3);
});

test('one that is added when all is done has its turn at once', async () => {
  const { clock, spread, turns } = spreadOf();
  spread.start(numbers(2), 1_000);
  await clock.advance(2_000);
  spread.add(7);
  expect(turns.get(7)).toBe(2_000);
});

test('without any time no turn of the event loop has more than 64', async () => {
  const clock = new FakeClock();
  let inTurn = 0;
  let most = 0;
  let all = 0;
  const spread = new Spread<number>(clock, () => {
    all += 1;
    inTurn += 1;
    most = Math.max(most, inTurn);
    if (inTurn === 1) setImmediate(() => (inTurn = 0));
  });
  spread.start(numbers(1_000), 60_000);
  spread.finish();
  await clock.advance(0);
  expect(all).toBe(1_000);
  expect(most).toBeLessThanOrEqual(65);
});

test('finish has done with all that wait, and leaves no timer', async () => {
  const { clock, spread, turns } = spreadOf();
  spread.start(numbers(5), 60_000);
  await clock.advance(1_000);
  spread.finish();
  await clock.advance(0);
  expect(turns.size).toBe(5);
  expect(clock.pending).toBe(0);
});
