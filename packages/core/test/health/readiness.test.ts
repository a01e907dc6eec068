import { describe, expect, test } from 'vitest';
import { Readiness } from '../../src/health/readiness.ts';

test('an app that says nothing is ready and started', () => {
  const { ready, started } = new Readiness(true);
  expect([ready, started]).toEqual([true, true]);
});

test('unready while booting means that it has not started', () => {
  const readiness = new Readiness(true);
  expect(readiness.set(false, true)).toBe(true);
  expect([readiness.ready, readiness.started]).toEqual([false, false]);
  expect(readiness.set(true, true)).toBe(true);
  expect([readiness.ready, readiness.started]).toEqual([true, true]);
});

test('unready later leaves it started', () => {
  const readiness = new Readiness(true);
  readiness.set(false, false);
  expect([readiness.ready, readiness.started]).toEqual([false, true]);
});

test('what has failed keeps an app that wants traffic unready, until all of it works again', () => {
  const readiness = new Readiness(true);
  const [redis, mail] = [{}, {}];
  expect([readiness.fail(redis), readiness.fail(redis), readiness.fail(mail)]).toEqual([true, false, false]);
  expect([readiness.ready, readiness.started]).toEqual([false, true]);
  expect([readiness.recover(redis), readiness.ready]).toEqual([false, false]);
  expect([readiness.recover(mail), readiness.ready]).toEqual([true, true]);
});

test('ready() does not outvote what has failed', () => {
  const readiness = new Readiness(true);
  const redis = {};
  readiness.fail(redis);
  expect([readiness.set(false, false), readiness.set(true, false), readiness.ready]).toEqual([false, false, false]);
  expect(readiness.recover(redis)).toBe(true);
});

test('saying the same again changes nothing, and says so', () => {
  const readiness = new Readiness(true);
  expect(readiness.set(true, true)).toBe(false);
  readiness.set(false, false);
  expect(readiness.set(false, true)).toBe(false);
  expect(readiness.started).toBe(true);
});

describe('where health can be asked before the app has started', () => {
  test('it has not started until a server listens', () => {
    const readiness = new Readiness(false);
    expect([readiness.ready, readiness.started]).toEqual([true, false]);
    readiness.onListening();
    expect([readiness.ready, readiness.started]).toEqual([true, true]);
  });

  test('a program without a server has started when it says that it is ready', () => {
    const readiness = new Readiness(false);
    expect(readiness.set(true, true)).toBe(true);
    expect(readiness.started).toBe(true);
    expect(readiness.set(true, true)).toBe(false);
  });

  test('one that has said unready has not started because it listens', () => {
    const readiness = new Readiness(false);
    expect(readiness.set(false, true)).toBe(true);
    expect(readiness.set(false, true)).toBe(false);
    readiness.onListening();
    expect([readiness.ready, readiness.started]).toEqual([false, false]);
    readiness.set(true, false);
    expect(readiness.started).toBe(true);
  });
});
