import type { Cancel, Clock } from '../host.ts';
import type { Connection, ConnectionKind } from './connection.ts';
import type { ConnectionSet } from './connection-set.ts';
import { inTurns } from './in-turns.ts';

/** How many connections are ended in one turn of the event loop. Few, for what arrives after the turn's poll is lost. */
const ENDS_PER_TURN = 4;

/** How long, in milliseconds, a connection must have been idle: a client that has just been answered may be sending its next request. */
const MINIMUM_IDLE_AGE = 100;

/** A connection on which nothing was going on when it had received so much. */
interface Candidate {
  readonly connection: Connection;
  readonly bytesRead: number;
}

/**
 * Ends the connections on which nothing is going on, those first that have been idle longest.
 *
 * It ends them in the check phase, right after a poll of the event loop: a request that has reached this machine by then
 * has been read, and its connection is busy, not idle. What is left of the race is the moment between the poll and the FIN.
 */
export class IdleSweep {
  readonly #connections: ConnectionSet;
  readonly #clock: Clock;
  #running = false;
  /** Whether it was asked for while it was running. */
  #again = false;
  #cancelWait: Cancel = () => {};
  /** Whether connections that have just been answered are left a moment. */
  sparesYoung = true;

  constructor(connections: ConnectionSet, clock: Clock) {
    this.#connections = connections;
    this.#clock = clock;
  }

  /**
   * Ends what can be ended, turn by turn; a client that has only just connected is left the rest of its first moments.
   * Asked for while it is running, it looks again when it is done.
   *
   * @param onPartial - told of a connection that is in the middle of a request's head.
   */
  run(onPartial: (connection: Connection) => void): void {
    this.#again = this.#running;
    if (this.#running) return;
    this.#running = true;
    this.#cancelWait();
    const now = this.#clock.now();
    const queue: Candidate[] = [];
    let nextAt = Infinity;
    const look = (connection: Connection): void => {
      if (connection.ending) return;
      const kind = connection.kind(now);
      const oldAt = this.#oldAt(connection, kind);
      if (kind === 'partial') onPartial(connection);
      else if (oldAt > now) nextAt = Math.min(nextAt, oldAt);
      // One that was left a moment may be busy by now. No more bytes come while its request is answered: it would pass for idle.
      else if (kind !== 'busy' && kind !== 'upgraded') queue.push({ connection, bytesRead: connection.bytesRead });
    };
    inTurns(this.#connections, look, () => {
      if (nextAt < Infinity) this.#cancelWait = this.#clock.setTimeout(() => this.run(onPartial), nextAt - now);
      // The one that has been idle longest comes last here, and is popped first.
      queue.sort((a, b) => b.connection.idleSince - a.connection.idleSince);
      // The turn in which this is called may have polled before the last request was answered; the next poll is whole.
      setImmediate(() => setImmediate(() => this.#turn(queue, onPartial)));
    });
  }

  #oldAt(connection: Connection, kind: ConnectionKind): number {
    if (kind === 'fresh') return connection.freshUntil;
    return kind === 'idle' && this.sparesYoung ? connection.idleSince + MINIMUM_IDLE_AGE : -Infinity;
  }

  #turn(queue: Candidate[], onPartial: (connection: Connection) => void): void {
    const now = this.#clock.now();
    for (let ended = 0; ended < ENDS_PER_TURN;) {
      const candidate = queue.pop();
      if (candidate === undefined) {
        this.#running = false;
        if (this.#again) this.run(onPartial);
        return;
      }
      const { connection, bytesRead } = candidate;
      if (connection.ending) continue;
      // Where nothing has come since, it is what it was; to ask Node for each of ten thousand would cost a second.
      const kind = connection.bytesRead === bytesRead ? 'unchanged' : connection.kind(now);
      if (kind === 'partial') onPartial(connection);
      if (kind !== 'unchanged' && kind !== 'idle') continue;
      connection.end();
      ended += 1;
    }
    setImmediate(() => this.#turn(queue, onPartial));
  }
}
