import {
  SERVING,
  transition,
  type DrainEffect,
  type DrainInput,
  type DrainState,
  type DrainTimer,
} from './drain-machine.ts';
import type { DrainPlan } from './plan/drain-plan.ts';
import type { Cancel, Clock } from './host.ts';
import { throwLater } from './throw-later.ts';

/** What a loop leaves to others: everything but its timers. */
export type LoopEffect = Exclude<DrainEffect, { readonly type: 'arm' | 'disarm' }>;

/**
 * Feeds the machine, one input at a time, and has its effects carried out in order. Effects can cause inputs; these wait
 * for their turn. An effect that throws does not keep the others from being carried out.
 */
export class DrainLoop {
  readonly #plan: DrainPlan;
  readonly #clock: Clock;
  readonly #run: (effect: LoopEffect) => void;
  readonly #inputs: DrainInput[] = [];
  readonly #timers = new Map<DrainTimer, Cancel>();
  #state: DrainState = SERVING;
  #running = false;

  constructor(plan: DrainPlan, clock: Clock, run: (effect: LoopEffect) => void) {
    this.#plan = plan;
    this.#clock = clock;
    this.#run = run;
  }

  /** Where the machine is: while effects are carried out, already where they lead. */
  get state(): DrainState {
    return this.#state;
  }

  dispatch(input: DrainInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
    } finally {
      this.#running = false;
    }
  }

  #step(input: DrainInput): void {
    const [state, effects] = transition(this.#plan, this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      try {
        this.#carryOut(effect);
      } catch (error) {
        // A test runner has exit throw at whoever calls it; there is no effect after it.
        if (effect.type === 'exit') throw error;
        throwLater(error);
      }
    }
  }

  #carryOut(effect: DrainEffect): void {
    if (effect.type === 'arm') {
      const { timer, ms } = effect;
      const onTime = (): void => this.dispatch({ type: 'timer', timer });
      this.#timers.set(timer, this.#clock.setTimeout(onTime, ms));
    } else if (effect.type === 'disarm') {
      this.#timers.get(effect.timer)?.();
    } else {
      this.#run(effect);
    }
  }
}
