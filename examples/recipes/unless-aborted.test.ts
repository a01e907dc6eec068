import { expect, onTestFinished, test } from 'vitest';
import { unlessAborted } from './unless-aborted.ts';

test('it settles as the promise does, and rejects with the reason of a signal that aborts first', async () => {
  const controller = new AbortController();
  const never = new Promise<string>(() => {});

  expect(await unlessAborted(Promise.resolve('connected'), controller.signal)).toBe('connected');
  await expect(unlessAborted(Promise.reject(new Error('refused')), controller.signal)).rejects.toThrow('refused');
  const waiting = unlessAborted(never, controller.signal);
  controller.abort(new Error('draining'));
  await expect(waiting).rejects.toThrow('draining');
});

test('where the signal has aborted before, the promise may reject later, and nobody is told', async () => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', listener);
  onTestFinished(() => void process.off('unhandledRejection', listener));
  let fail = (_error: Error): void => {};
  const connecting = new Promise((_resolve, reject) => (fail = reject));

  await expect(unlessAborted(connecting, AbortSignal.abort(new Error('draining')))).rejects.toThrow('draining');
  fail(new Error('the connection is closed'));
  await new Promise((resolve) => setImmediate(resolve));

  expect(unhandled).toEqual([]);
});
