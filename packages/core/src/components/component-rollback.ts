import type { ComponentOwner } from './component-owner.ts';
import type { ComponentUnit } from './component-unit.ts';
import { DrainError } from '../drain-error.ts';
import { EXIT_MARGIN } from '../plan/drain-plan.ts';
import { errorText } from '../error-text.ts';
import { ResourceStack } from '../resources/resource-stack.ts';

/** A component, and what it failed with. */
export interface ComponentFailure {
  readonly name: string;
  readonly error: unknown;
}

/**
 * Closes again what was started, last started first, each within its own time. They can be started anew then.
 *
 * @returns those that failed to close, or hung.
 */
export async function rollBack(
  started: readonly ComponentUnit[],
  { clock, plan, emit }: Pick<ComponentOwner, 'clock' | 'plan' | 'emit'>,
  stop: (unit: ComponentUnit) => Promise<void>,
): Promise<readonly ComponentFailure[]> {
  const stack = new ResourceStack(clock, plan.closeTimeout);
  const failures: ComponentFailure[] = [];
  for (const unit of started) {
    unit.resource?.forget();
    unit.state = 'stopped';
    unit.recover();
    stack.register(unit.name, () => stop(unit), unit.stopTime);
  }
  await stack.close(clock.now() + plan.gracePeriod - EXIT_MARGIN, ({ name, outcome, ms, error }) => {
    const isDone = outcome === 'closed' || outcome === 'left';
    if (!isDone) failures.push({ name, error });
    emit({ name, step: 'rollback', ms, ...(isDone ? { outcome: 'done' } : { outcome: 'failed', error }) });
  });
  for (const unit of started) {
    unit.state = 'waiting';
    unit.isPlaced = false;
  }
  return failures;
}

/** The error of a start that failed: the first failure is its cause, all others are its errors. */
export function startError(
  first: ComponentFailure,
  others: readonly ComponentFailure[],
  rollback: readonly ComponentFailure[],
): DrainError {
  const texts = [
    `component '${first.name}' failed to start: ${errorText(first.error)}`,
    ...others.map(({ name, error }) => `'${name}' failed, too: ${errorText(error)}`),
    ...rollback.map(({ name, error }) => `'${name}' failed to close again: ${errorText(error)}`),
  ];
  const errors = [...others, ...rollback].map(({ error }) => error);
  return new DrainError('DRAIN_START_FAILED', texts.join('; '), { cause: first.error, errors });
}
