import type { Cancel, Clock } from '../host.ts';
import type { Connection } from './connection.ts';

/**
 * Bounds the wait for the rest of a request: a connection that is silent for the stall timeout in the middle of a body, or
 * whose head takes longer than that, is ended. A body that goes on arriving is left to the deadline.
 */
export class ArrivalWatch {
  /** How many connections were ended. */
  stalled = 0;
  readonly #clock: Clock;
  readonly #stallTimeout: number;
  readonly #timers = new Map<Connection, Cancel>();

  constructor(clock: Clock, stallTimeout: number) {
    this.#clock = clock;
    this.#stallTimeout = stallTimeout;
  }

  /** Does nothing for a connection on which no request is arriving, or which is watched already. */
  watch(connection: Connection): void {
    if (!connection.receiving || connection.ending || this.#timers.has(connection)) return;
    const { bytesRead } = connection;
    const inHead = connection.exchanges.length === 0;
    const check = (): void => {
      this.#timers.delete(connection);
      if (!connection.receiving) return;
      const movesOn = inHead ? connection.exchanges.length > 0 : connection.bytesRead > bytesRead;
      // What has arrived and is not read is not for the client to mend: the handler has not begun to read.
      if (movesOn || connection.hasUnread) return this.watch(connection);
      this.stalled += 1;
      connection.timeOut();
    };
    this.#timers.set(connection, this.#clock.setTimeout(check, this.#stallTimeout));
  }

  forget(connection: Connection): void {
    this.#timers.get(connection)?.();
    this.#timers.delete(connection);
  }
}
