import { expect, test, vi } from 'vitest';
import { eventually, within } from '../src/eventually.ts';
import { TimedOutError } from '../src/timed-out-error.ts';

const caught = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it did not reject'),
    (error: unknown) => error as Error,
  );

test('it resolves to what the check answers once it no longer throws', async () => {
  let tries = 0;
  const value = await eventually('the third try', () => {
    tries += 1;
    if (tries < 3) throw new Error('not yet');
    return 'there';
  });
  expect(value).toBe('there');
  expect(tries).toBe(3);
});

test('a check that answers false is tried again, one that answers nothing has passed', async () => {
  let tries = 0;
  expect(await eventually('two tries', async () => (tries += 1) > 1)).toBe(true);
  expect(tries).toBe(2);
  expect(
    await eventually('an assertion', () => {
      expect(tries).toBe(2);
    }),
  ).toBeUndefined();
});

test('its error names what it waited for, and has the last error as its cause', async () => {
  let tries = 0;
  const error = await caught(
    eventually(
      '/ready to turn 503',
      () => {
        throw new Error(`try ${(tries += 1)}`);
      },
      { timeout: 50, interval: 5 },
    ),
  );
  expect(error).toBeInstanceOf(TimedOutError);
  expect(error.message).toBe('timed out after 50 ms waiting for /ready to turn 503');
  expect((error.cause as Error).message).toBe(`try ${tries}`);
  expect(tries).toBeGreaterThan(1);
});

test('a check that never settles does not outlast the timeout', async () => {
  const error = await caught(eventually('nothing', () => new Promise(() => {}), { timeout: 20 }));
  expect(error.message).toBe('timed out after 20 ms waiting for nothing');
});

test('a check is tried once, even without time', async () => {
  expect(await eventually('something that is so', () => 1, { timeout: 0 })).toBe(1);
});

test('a timed out error of the check itself is not taken for that of the wait', async () => {
  const inner = new TimedOutError('inner', 1);
  const error = await caught(eventually('outer', () => Promise.reject(inner), { timeout: 20 }));
  expect(error.message).toContain('outer');
  expect(error.cause).toBe(inner);
});

test('within passes on what the promise does in time', async () => {
  await expect(within('it', 1000, Promise.resolve(1))).resolves.toBe(1);
  await expect(within('it', 1000, Promise.reject(new Error('boom')))).rejects.toThrow('boom');
});

test('within names what did not come in time', async () => {
  const error = await caught(within('the server to close', 10, new Promise(() => {})));
  expect(error).toMatchObject({ name: 'TimedOutError', waitedFor: 'the server to close', timeout: 10 });
});

test('waits are in real time, also where timers are faked', async () => {
  vi.useFakeTimers();
  try {
    const error = await caught(eventually('real time', () => false, { timeout: 20 }));
    expect(error).toBeInstanceOf(TimedOutError);
  } finally {
    vi.useRealTimers();
  }
});
