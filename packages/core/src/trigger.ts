import { faultText } from './drain-event.ts';
import { errorText } from './error-text.ts';
import type { Fault } from './host.ts';

/** What began a drain. */
export interface Trigger {
  /**
   * - `signal`: SIGTERM and the like
   * - `message`: pm2's `shutdown`, or the primary of a cluster
   * - `call`: `drain.start()`
   * - `close`: the framework's own close, or `drain.close()`
   * - `fault`: an error that nobody caught
   * - `failure`: a component that failed while serving
   */
  readonly kind: 'signal' | 'message' | 'call' | 'close' | 'fault' | 'failure';
  /** For people: `SIGTERM`, or what `start()` was told. */
  readonly reason: string;
  /** Whether the load balancer is given the window. */
  readonly window: boolean;
  /** Whether the process is to end after the drain. */
  readonly exits: boolean;
  /** The signal's number; a second signal exits with 128 + this. */
  readonly signalNumber?: number;
}

export function signalTrigger(signal: string, signalNumber: number, window: boolean): Trigger {
  return { kind: 'signal', reason: signal, window, exits: true, signalNumber };
}

/** pm2 routes nothing to a process that it has told to shut down, so there is nobody to wait for: no window. */
export const messageTrigger: Trigger = { kind: 'message', reason: 'message: shutdown', window: false, exits: true };

/** The primary of a cluster has been told to go: the balancer routes on for a while. */
export const primaryTrigger: Trigger = { kind: 'message', reason: 'message: drain', window: true, exits: true };

export function callTrigger(reason: string): Trigger {
  return { kind: 'call', reason, window: true, exits: true };
}

/** Whoever closes an app by hand (a test, a script) wants it closed now, and goes on living. */
export function closeTrigger(reason: string): Trigger {
  return { kind: 'close', reason, window: false, exits: false };
}

/** `drain.abort()`. */
export function abortTrigger(reason: string): Trigger {
  return { kind: 'call', reason: `abort: ${reason}`, window: false, exits: true };
}

export function faultTrigger(fault: Fault): Trigger {
  return { kind: 'fault', reason: faultText(fault), window: false, exits: true };
}

/** A component has failed; the server around it still works, so the load balancer is given its time. */
export function failureTrigger(name: string, error: unknown): Trigger {
  return { kind: 'failure', reason: failureText(name, error), window: true, exits: true };
}

/** `component 'redis' failed: connection lost` */
export function failureText(name: string, error: unknown): string {
  return `component '${name}' failed${error === undefined ? '' : `: ${errorText(error)}`}`;
}
