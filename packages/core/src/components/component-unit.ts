import {
  readComponent,
  type Component,
  type ComponentOptions,
  type ComponentState,
  type FailurePolicy,
  type QuiesceContext,
  type StartContext,
  type StopTime,
} from './component.ts';
import type { OrderedComponent } from './component-order.ts';
import type { Resource } from '../resources/resource-stack.ts';

/** Told of what its owner says of a component. */
export interface ComponentListener {
  /** A running component has failed, or works again. */
  onFailing(unit: ComponentUnit, failing: boolean, error: unknown): void;
  onForgotten(unit: ComponentUnit): void;
}

/** One component, and where it is. Its set moves it on. */
export class ComponentUnit implements Component, OrderedComponent {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly group: string | undefined;
  readonly policy: FailurePolicy;
  readonly stopTime: StopTime;
  readonly hasStart: boolean;
  readonly hasQuiesce: boolean;
  readonly hasClose: boolean;
  /** Whether its place among the others is settled: it starts, and closes, where it stands. */
  isPlaced = false;
  state: ComponentState;
  /** Its place among what is to be closed. */
  resource: Resource | undefined;
  readonly #options: ComponentOptions;
  readonly #close: (() => unknown) | undefined;
  readonly #listener: ComponentListener;
  #failing = false;

  /** @throws DrainError `DRAIN_COMPONENT_INVALID`, listing every problem. */
  constructor(options: ComponentOptions, listener: ComponentListener) {
    const { close, stop } = readComponent(options);
    this.name = options.name;
    this.dependsOn = [...(options.dependsOn ?? [])];
    this.group = options.group;
    this.policy = options.onFailure ?? 'unready';
    this.stopTime = stop;
    this.hasStart = options.start !== undefined;
    this.hasQuiesce = options.quiesce !== undefined;
    this.hasClose = close !== undefined;
    this.state = this.hasStart ? 'waiting' : 'running';
    this.#options = options;
    this.#close = close;
    this.#listener = listener;
  }

  readonly fail = (error?: unknown): void => {
    if (this.#failing || this.state !== 'running') return;
    this.#failing = true;
    this.#listener.onFailing(this, true, error);
  };

  readonly recover = (): void => {
    if (!this.#failing) return;
    this.#failing = false;
    this.#listener.onFailing(this, false, undefined);
  };

  forget(): void {
    this.resource?.forget();
    this.recover();
    this.state = 'stopped';
    this.#listener.onForgotten(this);
  }

  /** Rejects, never throws. */
  async start(signal: AbortSignal): Promise<void> {
    const context: StartContext = { signal, fail: this.fail, recover: this.recover };
    await this.#options.start?.(context);
  }

  /** Rejects, never throws. */
  async quiesce(context: QuiesceContext): Promise<void> {
    await this.#options.quiesce?.(context);
  }

  close(): unknown {
    this.state = 'stopped';
    return this.#close?.();
  }
}
