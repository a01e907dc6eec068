import { expect, test } from 'vitest';
import {
  abortTrigger,
  callTrigger,
  closeTrigger,
  failureTrigger,
  faultTrigger,
  messageTrigger,
  signalTrigger,
} from '../src/trigger.ts';

test('a signal has its number, and the window where it is given one', () => {
  expect(signalTrigger('SIGTERM', 15, true)).toEqual({
    kind: 'signal',
    reason: 'SIGTERM',
    window: true,
    exits: true,
    signalNumber: 15,
  });
  expect(signalTrigger('SIGINT', 2, false)).toMatchObject({ window: false, signalNumber: 2 });
});

test('only a signal has a number: nothing else counts as the second one', () => {
  const fault = faultTrigger({ kind: 'uncaughtException', error: new Error('x') });
  for (const trigger of [messageTrigger, callTrigger('x'), closeTrigger('x'), abortTrigger('x'), fault]) {
    expect(trigger).not.toHaveProperty('signalNumber');
  }
});

test('only a signal and a call give the balancer the window', () => {
  expect(callTrigger('deploy')).toEqual({ kind: 'call', reason: 'deploy', window: true, exits: true });
  for (const trigger of [messageTrigger, closeTrigger('x'), abortTrigger('x')]) expect(trigger.window).toBe(false);
});

test('only a close by hand leaves the process alive', () => {
  expect(closeTrigger('app.close()')).toMatchObject({ kind: 'close', reason: 'app.close()', exits: false });
  for (const trigger of [messageTrigger, callTrigger('x'), abortTrigger('x')]) expect(trigger.exits).toBe(true);
});

test('a message says what the message was', () => {
  expect(messageTrigger).toMatchObject({ kind: 'message', reason: 'message: shutdown' });
});

test('an abort says so before its reason', () => {
  expect(abortTrigger('disk full')).toMatchObject({ kind: 'call', reason: 'abort: disk full' });
});

test.each([
  ['uncaughtException', new TypeError('connection lost'), 'uncaughtException: connection lost'],
  ['unhandledRejection', 'just text', 'unhandledRejection: just text'],
  ['unhandledRejection', undefined, 'unhandledRejection: undefined'],
  ['uncaughtException', Symbol('s'), 'uncaughtException: Symbol(s)'],
] as const)('a fault says its kind and what was thrown: %s', (kind, error, reason) => {
  expect(faultTrigger({ kind, error })).toEqual({ kind: 'fault', reason, window: false, exits: true });
});

test('a component that failed gives the balancer the window, and says what it failed with', () => {
  expect(failureTrigger('redis', new Error('connection lost'))).toEqual({
    kind: 'failure',
    reason: "component 'redis' failed: connection lost",
    window: true,
    exits: true,
  });
  expect(failureTrigger('redis', undefined).reason).toBe("component 'redis' failed");
});

test('what cannot be made a text of is a fault all the same', () => {
  const error: unknown = Object.create(null);
  expect(faultTrigger({ kind: 'unhandledRejection', error })).toMatchObject({ kind: 'fault', window: false });
});
