import { DRAIN_ERRORS, METRIC_ROWS, OPTION_ROWS, parseDuration, resolvePlan } from '@drainkit/core';
import { expect, test } from 'vitest';
import { readDocument, tableRows } from './markdown-table.ts';

const options = tableRows(readDocument('README.md'), 'option');
const plainOptions = ['logger', 'env', 'envPrefix', 'host'];

test('the option table names every option and no other, in the order of the code', () => {
  expect(options.map(([option]) => option)).toEqual([
    ...Object.values(OPTION_ROWS).map(({ option }) => option),
    ...plainOptions,
  ]);
});

test('the option table names the environment variable of every option', () => {
  const documented = options.filter(([option]) => !plainOptions.includes(option ?? '')).map(([, variable]) => variable);
  expect(documented).toEqual(Object.values(OPTION_ROWS).map(({ env }) => `DRAIN_${env}`));
});

test('the defaults in the option table are those that a plan without options has', () => {
  const plan = resolvePlan({}, {});
  for (const [key, row] of Object.entries(OPTION_ROWS)) {
    const cell = options.find(([option]) => option === row.option)?.[2] ?? '';
    const text = /`([^`]+)`$/.exec(cell)?.[1] ?? cell;
    const value: unknown = plan[key as keyof typeof plan];
    const documented: unknown = typeof value === 'number' ? parseDuration(text) : row.kind.parseText(text);
    expect({ [row.option]: documented }).toEqual({ [row.option]: value });
  }
});

test('every variable in the option table is read from the environment', () => {
  const env = Object.fromEntries(Object.values(OPTION_ROWS).map(({ env: name }) => [`DRAIN_${name}`, 'nonsense?']));
  const message = String(catchError(() => resolvePlan({}, env)));
  for (const variable of Object.keys(env)) expect(message).toContain(`${variable} is 'nonsense?'`);
});

test('docs/errors.md has a row for every code, with its cause and remedy', () => {
  const documented = tableRows(readDocument('docs/errors.md'), 'code').map(([code, cause, remedy]) => ({
    code,
    cause,
    remedy,
  }));
  expect(documented).toEqual(
    Object.entries(DRAIN_ERRORS).map(([code, { cause, remedy }]) => ({ code, cause, remedy })),
  );
});

test('docs/metrics.md has a row for every metric, as the code has it', () => {
  const documented = tableRows(readDocument('docs/metrics.md'), 'Prometheus');
  expect(documented).toEqual(
    Object.values(METRIC_ROWS).map(({ prometheus, opentelemetry, instrument, unit, labels, help }) => {
      const cell = labels.join('`, `');
      return [prometheus, opentelemetry, instrument, unit, cell === '' ? '–' : cell, help];
    }),
  );
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
