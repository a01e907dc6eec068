import type { Phase } from '@drainkit/core';
import { expect, test } from 'vitest';
import { reached } from '../src/phase-of.ts';

type Listener = (event: { readonly phase: Phase }) => void;

class SketchedDrain {
  phase: Phase = 'serving';
  readonly listeners = new Set<Listener>();

  on(_type: 'phase', listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  enter(phase: Phase): void {
    this.phase = phase;
    for (const listener of [...this.listeners]) listener({ phase });
  }
}

test('it resolves at once in a phase that has been reached, or passed', async () => {
  const drain = new SketchedDrain();
  drain.enter('draining');
  await reached(drain, 'draining');
  await reached(drain, 'announcing');
  expect(drain.listeners.size).toBe(0);
});

test('it waits for the phase and leaves no listener behind', async () => {
  const drain = new SketchedDrain();
  let there = false;
  const wait = reached(drain, 'draining').then(() => (there = true));
  drain.enter('announcing');
  await new Promise(setImmediate);
  expect(there).toBe(false);
  drain.enter('draining');
  await wait;
  expect(drain.listeners.size).toBe(0);
});

test('a phase that is skipped counts as reached', async () => {
  const drain = new SketchedDrain();
  const wait = reached(drain, 'announcing');
  drain.enter('closing');
  await wait;
  expect(drain.listeners.size).toBe(0);
});

test('a phase that does not come ends in an error that names it and the present one', async () => {
  const drain = new SketchedDrain();
  drain.enter('announcing');
  await expect(reached(drain, 'closed', { timeout: 10 })).rejects.toThrow(
    "timed out after 10 ms waiting for the drain to reach phase 'closed' (it is in 'announcing')",
  );
  expect(drain.listeners.size).toBe(0);
});
