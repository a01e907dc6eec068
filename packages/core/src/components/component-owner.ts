import type { ComponentStep } from './component.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import type { Clock } from '../host.ts';
import type { Phase } from '../phase.ts';
import type { EntryOptions, Resource } from '../resources/resource-stack.ts';
import type { Trigger } from '../trigger.ts';

/** What a set of components needs of the drain that it is part of. */
export interface ComponentOwner {
  readonly plan: DrainPlan;
  readonly clock: Clock;
  readonly phase: Phase;
  readonly register: (name: string, close: () => unknown, options: EntryOptions) => Resource;
  readonly emit: (step: ComponentStep) => void;
  /** A component that keeps the server out of rotation, or no longer does. */
  readonly onFailing: (component: object, failing: boolean, reason: string) => void;
  readonly trigger: (trigger: Trigger) => void;
}
