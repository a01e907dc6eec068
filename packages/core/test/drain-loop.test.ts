import { FakeClock } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { DrainLoop, type LoopEffect } from '../src/drain-loop.ts';
import { resolvePlan } from '../src/plan/drain-plan.ts';
import { signalTrigger } from '../src/trigger.ts';
import { catchUncaught } from './catch-uncaught.ts';

const sigterm = { type: 'trigger', trigger: signalTrigger('SIGTERM', 15, true), reachable: true } as const;

function loopWith(run: (effect: LoopEffect, loop: DrainLoop) => void): { loop: DrainLoop; clock: FakeClock } {
  const clock = new FakeClock();
  const loop: DrainLoop = new DrainLoop(resolvePlan({ window: 1_000 }, {}), clock, (effect) => run(effect, loop));
  return { loop, clock };
}

test('an input that an effect causes waits until the effects before it are carried out', () => {
  const seen: string[] = [];
  const { loop } = loopWith((effect, self) => {
    seen.push(effect.type);
    if (effect.type === 'begin') self.dispatch(sigterm);
  });
  loop.dispatch(sigterm);
  expect(seen).toEqual(['begin', 'enter', 'announce', 'abort', 'enter', 'finish', 'exit']);
});

test('timers come back as inputs, and those that were disarmed do not', async () => {
  const { loop, clock } = loopWith(() => {});
  loop.dispatch(sigterm);
  await clock.advance(999);
  expect(loop.state.phase).toBe('announcing');
  await clock.advance(1);
  expect(loop.state.phase).toBe('draining');
  loop.dispatch({ type: 'drained' });
  loop.dispatch({ type: 'closed' });
  expect(clock.pending).toBe(0);
});

test('an effect that throws stops no other, and is an uncaught exception', async () => {
  const caught = catchUncaught();
  const seen: string[] = [];
  const { loop, clock } = loopWith(({ type }) => {
    seen.push(type);
    throw new Error(type);
  });
  loop.dispatch(sigterm);
  await clock.advance(0);
  expect(seen).toEqual(['begin', 'enter', 'announce']);
  expect(caught).toMatchObject(seen.map((message) => ({ message })));
});
