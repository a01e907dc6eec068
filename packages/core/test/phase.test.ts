import { expect, test } from 'vitest';
import { hasReached, PHASES } from '../src/phase.ts';

test('the phases have one order', () => {
  expect(PHASES).toEqual(['serving', 'announcing', 'draining', 'closing', 'closed']);
});

test('a phase has reached itself and all before it, and none after it', () => {
  PHASES.forEach((phase, at) => {
    PHASES.forEach((other, index) =>
      expect(hasReached(phase, other), `${phase} has reached ${other}`).toBe(index <= at),
    );
  });
});
