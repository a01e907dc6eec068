import type { Phase } from '../phase.ts';

/** How a drain stands at one moment. */
export interface DrainSnapshot {
  readonly phase: Phase;
  /** Requests and jobs that are running. */
  readonly inFlight: number;
  /** Clients that are connected; over HTTP/2 a session counts as one. */
  readonly openConnections: number;
  /** Requests that came after the window and were served all the same. */
  readonly servedLate: number;
  /** Requests and work refused because of the drain. */
  readonly refused: number;
  /** Connections that were ended because they stopped in the middle of sending a request. */
  readonly stalled: number;
  /** When the drain began; `undefined` while serving. */
  readonly startedAt: Date | undefined;
  /** How long ago that was, in milliseconds; 0 while serving. */
  readonly elapsedMs: number;
}
