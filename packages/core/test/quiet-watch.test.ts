import { FakeClock } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { resolvePlan } from '../src/plan/drain-plan.ts';
import { QuietWatch } from '../src/quiet-watch.ts';

/** A watch on a window from 1 s to 10 s, quiet after 500 ms, with 3 probes to be told. */
class Rig {
  readonly clock = new FakeClock();
  readonly watch = new QuietWatch(
    resolvePlan({ window: { min: '1s', max: '10s', quiet: '500ms', probeFailures: 3 } }, {}),
    this.clock,
  );
  lastRequestAt = -Infinity;
  /** When it told, each time. */
  readonly quietAt: number[] = [];

  start(): void {
    this.watch.start(
      () => this.lastRequestAt,
      () => this.quietAt.push(this.clock.now()),
    );
  }
}

describe('without probes', () => {
  test('it is quiet once the shortest window has passed, and tells once', async () => {
    const rig = new Rig();
    rig.start();
    await rig.clock.advance(999);
    expect(rig.quietAt).toEqual([]);
    await rig.clock.advance(10_000);
    expect(rig.quietAt).toEqual([1_000]);
  });

  test('a request puts it off until nothing has come for the quiet time', async () => {
    const rig = new Rig();
    rig.start();
    await rig.clock.advance(900);
    rig.lastRequestAt = 900;
    await rig.clock.advance(10_000);
    expect(rig.quietAt).toEqual([1_400]);
  });

  test('requests that keep coming keep it from telling', async () => {
    const rig = new Rig();
    rig.start();
    for (let time = 0; time < 5_000; time += 400) {
      rig.lastRequestAt = time;
      await rig.clock.advance(400);
    }
    expect(rig.quietAt).toEqual([]);
    await rig.clock.advance(10_000);
    expect(rig.quietAt).toEqual([4_800 + 500]);
  });

  test('it polls nothing: one timer at most', async () => {
    const rig = new Rig();
    rig.start();
    expect(rig.clock.pending).toBe(1);
    await rig.clock.advance(1_000);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('with probes', () => {
  test('it waits until they have been told 503 often enough', async () => {
    const rig = new Rig();
    rig.watch.onProbe(false);
    rig.start();
    for (let probe = 1; probe <= 2; probe += 1) {
      await rig.clock.advance(2_000);
      rig.watch.onProbe(true);
    }
    expect(rig.quietAt).toEqual([]);
    await rig.clock.advance(2_000);
    rig.watch.onProbe(true);
    expect([rig.quietAt, rig.watch.probeFailures]).toEqual([[6_000], 3]);
  });

  test('probes that fail early do not cut the shortest window', async () => {
    const rig = new Rig();
    rig.watch.onProbe(false);
    rig.start();
    for (let probe = 1; probe <= 5; probe += 1) rig.watch.onProbe(true);
    expect(rig.quietAt).toEqual([]);
    await rig.clock.advance(1_000);
    expect(rig.quietAt).toEqual([1_000]);
  });

  test('probes that are told 200 have not noticed anything', async () => {
    const rig = new Rig();
    rig.watch.onProbe(false);
    rig.start();
    await rig.clock.advance(2_000);
    for (let probe = 1; probe <= 5; probe += 1) rig.watch.onProbe(false);
    expect([rig.quietAt, rig.watch.probeFailures]).toEqual([[], 0]);
  });

  test('failures from before the drain do not count', async () => {
    const rig = new Rig();
    for (let probe = 1; probe <= 5; probe += 1) rig.watch.onProbe(true);
    rig.start();
    await rig.clock.advance(2_000);
    expect([rig.quietAt, rig.watch.probeFailures]).toEqual([[], 0]);
  });

  test('somebody who probed more than a minute ago is not waited for', async () => {
    const rig = new Rig();
    rig.watch.onProbe(false);
    await rig.clock.advance(60_001);
    rig.start();
    await rig.clock.advance(1_000);
    expect(rig.quietAt).toEqual([61_001]);
  });
});

test('stopped, it tells nothing and leaves no timer', async () => {
  const rig = new Rig();
  rig.start();
  rig.watch.stop();
  expect(rig.clock.pending).toBe(0);
  rig.watch.onProbe(true);
  await rig.clock.advance(10_000);
  expect(rig.quietAt).toEqual([]);
});
