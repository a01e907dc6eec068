import { deferred } from '../deferred.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import type { Clock } from '../host.ts';
import { Spread } from './spread.ts';

/**
 * Clients that stay connected, as a Drainable: each is told to leave at a moment of its own, spread over a time. One that
 * connects meanwhile is told in the time that is left. The server that they came from counts and names them.
 */
export abstract class ClientsDrainable<
  Client extends { once(event: 'close', listener: () => void): unknown },
> implements Drainable {
  readonly name: string;
  readonly inFlight = 0;
  protected readonly open: Set<Client> = new Set();
  readonly #spreadMs: number;
  readonly #leaving: Spread<Client>;
  readonly #drained = deferred<void>();
  #announced = false;
  #refusing = false;

  /** @param spreadMs - over how long they are told. */
  constructor(name: string, spreadMs: number, clock: Clock) {
    this.name = name;
    this.#spreadMs = spreadMs;
    this.#leaving = new Spread(clock, (client) => this.tell(client));
  }

  /** Tells one to leave. It may have left by itself. */
  protected abstract tell(client: Client): void;

  /** Does nothing where it is known already. */
  protected add(client: Client): void {
    if (this.open.has(client)) return;
    this.open.add(client);
    client.once('close', () => this.leave(client));
    if (this.#announced) this.#leaving.add(client);
  }

  /** It has left, or is not waited for any longer. */
  protected leave(client: Client): void {
    this.open.delete(client);
    this.#settle();
  }

  work(): WorkItem[] {
    return [];
  }

  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#leaving.start(this.open, this.#spreadMs);
  }

  refuse(): void {
    this.#refusing = true;
    this.#leaving.finish();
    this.#settle();
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  force(): void {}

  abort(): void {
    this.#drained.resolve();
  }

  #settle(): void {
    if (this.#refusing && this.open.size === 0) this.#drained.resolve();
  }
}
