import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { primaryDrainOptions, resolvePrimary, type PrimaryOptions } from '../../src/processes/primary-options.ts';

describe('the options of a primary', () => {
  test('have defaults', () => {
    expect(resolvePrimary({})).toEqual({
      workers: availableParallelism(),
      env: {},
      readyTimeout: 30_000,
      stagger: 250,
      backoff: 100,
      reloadSignal: process.platform === 'win32' ? false : 'SIGHUP',
    });
  });

  test('take durations as words', () => {
    const { readyTimeout, stagger, backoff } = resolvePrimary({ readyTimeout: '1m', stagger: '2s', backoff: '50ms' });
    expect([readyTimeout, stagger, backoff]).toEqual([60_000, 2_000, 50]);
  });

  test('that cannot be used are one error, which lists every problem', () => {
    const options = {
      workers: 0,
      readyTimeout: 'soon',
      reloadSignal: 'SIGTERM',
      wrokers: 2,
    } as unknown as PrimaryOptions;
    expect(() => resolvePrimary(options)).toThrow(
      expect.objectContaining({
        code: 'DRAIN_OPTIONS_INVALID',
        message: expect.stringMatching(
          /wrokers is no option of a primary[^]*readyTimeout is 'soon'[^]*workers is 0[^]*reloadSignal is 'SIGTERM'/,
        ) as unknown,
      }),
    );
  });

  test.each([1.5, -1, Number.NaN, '4' as unknown as number])('do not take %j for a number of workers', (workers) => {
    expect(() => resolvePrimary({ workers })).toThrow(/workers is .*; allowed: a whole number from 1/);
  });
});

describe('the drain of a primary', () => {
  test('has no window and no health routes of its own, unless it is told', () => {
    expect(primaryDrainOptions({ drain: { env: false } })).toMatchObject({ window: 0, health: false, env: false });
    expect(primaryDrainOptions({ drain: { env: false, window: '1s' } })).toMatchObject({ window: '1s' });
  });

  test('takes of the environment what is its own business, and leaves the budgets to the workers', () => {
    const env = { DRAIN_WINDOW: '9s', DRAIN_GRACE_PERIOD: '40s', DRAIN_ENABLED: 'true', PATH: '/bin' };
    expect(primaryDrainOptions({ drain: { env } }).env).toEqual({ DRAIN_GRACE_PERIOD: '40s', DRAIN_ENABLED: 'true' });
  });

  test('has the prefix that it is told', () => {
    const env = { APP_GRACE_PERIOD: '40s', DRAIN_GRACE_PERIOD: '50s' };
    expect(primaryDrainOptions({ drain: { env, envPrefix: 'APP_' } }).env).toEqual({ APP_GRACE_PERIOD: '40s' });
  });
});
