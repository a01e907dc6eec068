import { expect, test } from 'vitest';
import { within } from '@drainkit/testing';
import { inTurns } from '../../src/node/in-turns.ts';

test('a thousand items are done at once', () => {
  const done: number[] = [];
  let isDone = false;
  inTurns(
    Array.from({ length: 999 }, (_, index) => index),
    (item) => done.push(item),
    () => (isDone = true),
  );
  expect([done.length, isDone]).toEqual([999, true]);
});

test('ten thousand are done in order, over several turns of the event loop', async () => {
  const perTurn: number[] = [];
  let count = 0;
  const look = (): void => {
    if (count > 0) perTurn.push(count);
    count = 0;
    if (perTurn.length < 10) setImmediate(look);
  };
  const done: number[] = [];
  const items = Array.from({ length: 10_000 }, (_, index) => index);
  await within(
    'all items to be done',
    2_000,
    new Promise<void>((resolve) => {
      inTurns(items, (item) => ((count += 1), done.push(item)), resolve);
      look();
    }),
  );
  expect(done).toEqual(items);
  expect(perTurn.length).toBeGreaterThan(5);
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(1_000);
});

test('what a set gains meanwhile is included, what it loses is not', async () => {
  const items = new Set(Array.from({ length: 3_000 }, (_, index) => index));
  const done: number[] = [];
  await within(
    'all items to be done',
    2_000,
    new Promise<void>((resolve) => {
      inTurns(items, (item) => done.push(item), resolve);
      items.delete(2_999);
      items.add(3_000);
    }),
  );
  expect(done).toHaveLength(3_000);
  expect(done.at(-1)).toBe(3_000);
});
