import { expect, test } from 'vitest';
import { DRAIN_ERRORS, DrainError, type DrainErrorCode } from '../src/drain-error.ts';

const CODES = Object.keys(DRAIN_ERRORS) as DrainErrorCode[];

test('the closed set of codes is this one', () => {
  const all: Record<DrainErrorCode, true> = {
    DRAIN_OPTIONS_INVALID: true,
    DRAIN_ARGUMENT_INVALID: true,
    DRAIN_RESOURCE_INVALID: true,
    DRAIN_RESOURCE_TOO_LATE: true,
    DRAIN_RESOURCE_HUNG: true,
    DRAIN_COMPONENT_INVALID: true,
    DRAIN_START_FAILED: true,
    DRAIN_START_STOPPED: true,
    DRAIN_WORK_REFUSED: true,
    DRAIN_POOL_FULL: true,
    DRAIN_TASK_RETURNED: true,
    DRAIN_SERVER_INVALID: true,
    DRAIN_CLIENTS_INVALID: true,
    DRAIN_CHECK_INVALID: true,
    DRAIN_CHECK_FAILED: true,
    DRAIN_CHECK_TIMEOUT: true,
    DRAIN_HEALTH_PORT: true,
    DRAIN_ALREADY_REGISTERED: true,
    DRAIN_PROCESS_INVALID: true,
    DRAIN_PROCESS_FAILED: true,
    DRAIN_PROCESS_KILLED: true,
    DRAIN_WORKER_FAILED: true,
    DRAIN_RELOAD_FAILED: true,
    DRAIN_DRAINING: true,
    DRAIN_DEADLINE: true,
  };
  expect(CODES.toSorted()).toEqual(Object.keys(all).toSorted());
});

test.each(CODES)('%s has a cause and a remedy, each its own', (code) => {
  const { cause, remedy } = DRAIN_ERRORS[code];
  expect(cause).toMatch(/^[a-z].*[^.]$/);
  expect(remedy).toMatch(/^[a-z].*[^.]$/);
  const others = CODES.filter((other) => other !== code).map((other) => DRAIN_ERRORS[other]);
  expect(others.map((row) => row.cause)).not.toContain(cause);
  expect(others.map((row) => row.remedy)).not.toContain(remedy);
});

test.each(CODES)('the message of %s says the cause, the code and the remedy', (code) => {
  const { message } = new DrainError(code);
  const { cause, remedy } = DRAIN_ERRORS[code];
  expect(message).toBe(`${cause} (${code}: ${remedy})`);
});

test('a detail takes the place of the cause, never of the remedy', () => {
  const error = new DrainError('DRAIN_RESOURCE_HUNG', "resource 'postgres' did not close within 5000 ms");
  expect(error.message).toContain("resource 'postgres' did not close within 5000 ms");
  expect(error.message).not.toContain(DRAIN_ERRORS.DRAIN_RESOURCE_HUNG.cause);
  expect(error.message).toContain(error.remedy);
});

test('it is an Error of its own name, with code, remedy and cause', () => {
  const cause = new Error('connection lost');
  const error = new DrainError('DRAIN_DEADLINE', undefined, { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe('DrainError');
  expect(error.code).toBe('DRAIN_DEADLINE');
  expect(error.remedy).toBe(DRAIN_ERRORS.DRAIN_DEADLINE.remedy);
  expect(error.cause).toBe(cause);
  expect(new DrainError('DRAIN_DEADLINE')).not.toHaveProperty('cause');
});
