import { DrainError } from '../drain-error.ts';
import { show } from './drain-plan.ts';
import { DURATION_FORM, parseDuration } from './duration.ts';

/** Milliseconds of a duration that somebody passed. @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readDuration(name: string, value: unknown): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw invalid(name, value, DURATION_FORM);
  return ms;
}

/** A whole number from `min`, or `Infinity`. @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readCount(name: string, value: unknown, min: number): number {
  const isCount = typeof value === 'number' && (Number.isSafeInteger(value) || value === Infinity) && value >= min;
  if (!isCount) throw invalid(name, value, `a whole number from ${min}, or Infinity`);
  return value;
}

/** Options that cannot be left out. @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readObject<Value extends object>(name: string, value: Value): Value {
  if (typeof value !== 'object' || value === null) throw invalid(name, value, 'an object');
  return value;
}

/** A number from 1. @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readFactor(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 1) throw invalid(name, value, 'a number from 1');
  return value;
}

/** What a process can end with. @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readExitCode(name: string, value: unknown): void {
  const isCode = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
  if (!isCode) throw invalid(name, value, 'a whole number from 0 to 255');
}

/** One of a few words. @throws DrainError `DRAIN_ARGUMENT_INVALID` */
export function readChoice<const Choice extends string>(
  name: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((allowed) => allowed === value);
  if (choice === undefined) throw invalid(name, value, choices.map(show).join(' or '));
  return choice;
}

function invalid(name: string, value: unknown, allowed: string): DrainError {
  return new DrainError('DRAIN_ARGUMENT_INVALID', `${name} is ${show(value)}; allowed: ${allowed}`);
}
