import { FakeClock } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { DrainError } from '../../src/drain-error.ts';
import { WorkTracker } from '../../src/work/work-tracker.ts';

function tracker(): { clock: FakeClock; work: WorkTracker; drained: () => Promise<boolean> } {
  const clock = new FakeClock();
  const work = new WorkTracker(clock);
  const drained = async (): Promise<boolean> => {
    let isDrained = false;
    void work.drained().then(() => (isDrained = true));
    await clock.advance(0);
    return isDrained;
  };
  return { clock, work, drained };
}

describe('counting', () => {
  test('work is in flight from enter to leave', () => {
    const { work } = tracker();
    const one = work.enter('mail');
    const two = work.enter('mail');
    expect([one.name, work.inFlight]).toEqual(['mail', 2]);
    one.leave();
    expect(work.inFlight).toBe(1);
    two.leave();
    expect(work.inFlight).toBe(0);
  });

  test('leaving twice counts once', () => {
    const { work } = tracker();
    const one = work.enter('mail');
    work.enter('mail');
    one.leave();
    one.leave();
    one[Symbol.dispose]();
    expect(work.inFlight).toBe(1);
  });

  test('the end of a using block leaves, also by an error', () => {
    const { work } = tracker();
    {
      using entered = work.enter('mail');
      expect([entered.name, work.inFlight]).toEqual(['mail', 1]);
    }
    expect(work.inFlight).toBe(0);
    expect(() => {
      using _entered = work.enter('mail');
      throw new Error('bounced');
    }).toThrow('bounced');
    expect(work.inFlight).toBe(0);
  });

  test('leave works without its object', () => {
    const { work } = tracker();
    // oxlint-disable-next-line typescript/unbound-method -- that is the claim
    const { leave } = work.enter('mail');
    leave();
    expect(work.inFlight).toBe(0);
  });

  test('it names what is in flight with its age, oldest first', async () => {
    const { clock, work } = tracker();
    const first = work.enter('mail');
    await clock.advance(300);
    work.enter('import');
    await clock.advance(50);
    expect(work.work()).toEqual([
      { name: 'mail', ageMs: 350 },
      { name: 'import', ageMs: 50 },
    ]);
    first.leave();
    expect(work.work()).toEqual([{ name: 'import', ageMs: 50 }]);
  });
});

describe('draining', () => {
  test('an idle one is drained at once', async () => {
    const { work, drained } = tracker();
    expect(await drained()).toBe(true);
    work.enter('mail').leave();
    expect(await drained()).toBe(true);
  });

  test('it is drained the moment the last work is left, and not before', async () => {
    const { clock, work } = tracker();
    const [one, two] = [work.enter('a'), work.enter('b')];
    let drained = 0;
    void work.drained().then(() => (drained += 1));
    void work.drained().then(() => (drained += 1));
    one.leave();
    await clock.advance(1_000);
    expect(drained).toBe(0);
    two.leave();
    await Promise.resolve();
    expect(drained).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test('whoever waits after it was drained once waits for what is new', async () => {
    const { work, drained } = tracker();
    const one = work.enter('a');
    const before = drained();
    one.leave();
    await before;
    work.enter('b');
    expect(await drained()).toBe(false);
  });

  test('announcing and forcing refuse nothing', () => {
    const { work } = tracker();
    work.announce();
    work.force();
    work.enter('mail');
    expect([work.inFlight, work.refused]).toEqual([1, 0]);
  });

  test('once it refuses, work is an error that is counted, and what runs goes on', () => {
    const { work } = tracker();
    work.enter('before');
    work.refuse();
    const start = (): unknown => work.enter('invoice');
    expect(start).toThrow(DrainError);
    expect(start).toThrow("work 'invoice' was started after the drain had stopped taking any");
    expect(start).toThrow(expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' }));
    expect([work.inFlight, work.refused]).toEqual([1, 3]);
  });

  test('abort waits for nothing any more; what is left afterwards does no harm', async () => {
    const { work, drained } = tracker();
    const one = work.enter('a');
    const waiting = drained();
    work.abort();
    expect(await waiting).toBe(true);
    expect([work.inFlight, work.work()]).toEqual([0, []]);
    one.leave();
    expect(await drained()).toBe(true);
  });

  test('abort refuses, also where nothing was told before it', () => {
    const { work } = tracker();
    work.abort();
    expect(() => work.enter('a')).toThrow(expect.objectContaining({ code: 'DRAIN_WORK_REFUSED' }));
    expect([work.inFlight, work.refused]).toEqual([0, 1]);
  });
});
