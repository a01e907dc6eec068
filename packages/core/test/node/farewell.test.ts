import { FakeClock } from '@drainkit/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { resolvePlan } from '../../src/plan/drain-plan.ts';
import { Farewell } from '../../src/node/farewell.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function farewellOf(connectionClose: 'at-once' | 'ramp'): { readonly clock: FakeClock; readonly farewell: Farewell } {
  const clock = new FakeClock();
  const farewell = new Farewell(resolvePlan({ connectionClose, window: 10_000 }, {}), clock);
  return { clock, farewell };
}

/** The share of a thousand that are told, with evenly spread chances. */
function shareOf(farewell: Farewell): number {
  let told = 0;
  const random = vi.spyOn(Math, 'random');
  for (let index = 0; index < 1_000; index += 1) {
    random.mockReturnValueOnce(index / 1_000);
    if (farewell.isDue()) told += 1;
  }
  return told / 1_000;
}

test('at once, everybody is told from the beginning', () => {
  const { farewell } = farewellOf('at-once');
  farewell.begin();
  expect(shareOf(farewell)).toBe(1);
});

describe('with the ramp', () => {
  test('the share of those who are told is elapsed / window', async () => {
    const { clock, farewell } = farewellOf('ramp');
    await clock.advance(3_000);
    farewell.begin();
    const shares = [shareOf(farewell)];
    for (let step = 0; step < 4; step += 1) {
      await clock.advance(2_500);
      shares.push(shareOf(farewell));
    }
    expect(shares).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  test('it is certain at the end of the window, also where that comes early', async () => {
    const { clock, farewell } = farewellOf('ramp');
    farewell.begin();
    await clock.advance(100);
    farewell.makeCertain();
    expect(shareOf(farewell)).toBe(1);
  });
});
