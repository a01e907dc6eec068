import { expect, test } from 'vitest';
import { Readiness } from '../src/readiness.ts';

test('an app that says nothing is ready and started', () => {
  const { ready, started } = new Readiness();
  expect([ready, started]).toEqual([true, true]);
});

test('unready while booting means that it has not started', () => {
  const readiness = new Readiness();
  expect(readiness.set(false, true)).toBe(true);
  expect([readiness.ready, readiness.started]).toEqual([false, false]);
  expect(readiness.set(true, true)).toBe(true);
  expect([readiness.ready, readiness.started]).toEqual([true, true]);
});

test('unready later leaves it started', () => {
  const readiness = new Readiness();
  readiness.set(false, false);
  expect([readiness.ready, readiness.started]).toEqual([false, true]);
});

test('saying the same again changes nothing, and says so', () => {
  const readiness = new Readiness();
  expect(readiness.set(true, true)).toBe(false);
  readiness.set(false, false);
  expect(readiness.set(false, true)).toBe(false);
  expect(readiness.started).toBe(true);
});
