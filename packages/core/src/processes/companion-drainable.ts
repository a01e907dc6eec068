import { deferred } from '../deferred.ts';
import { DrainError } from '../drain-error.ts';
import type { Drainable, WorkItem } from '../drainable.ts';
import { formatDuration } from '../plan/duration.ts';
import type { Cancel, Clock } from '../host.ts';
import type { Companion } from './companion.ts';

/**
 * A companion as work in flight: it is told to end early in the drain, and waited for; at its timeout, and at the latest
 * after the deadline, it is killed.
 */
export class CompanionDrainable implements Drainable {
  readonly name: string;
  /** Why it was killed, where its timeout was up. */
  overdue: DrainError | undefined;
  /** Whether it was destroyed with what else was in flight. */
  aborted = false;
  readonly #companion: Companion;
  readonly #phase: 'announcing' | 'draining';
  readonly #timeout: number | undefined;
  readonly #clock: Clock;
  readonly #over = deferred<void>();
  #toldAt: number | undefined;
  #isOver = false;
  #cancel: Cancel = () => {};

  constructor(companion: Companion, phase: 'announcing' | 'draining', timeout: number | undefined, clock: Clock) {
    this.name = companion.name;
    this.#companion = companion;
    this.#phase = phase;
    this.#timeout = timeout;
    this.#clock = clock;
    void companion.ended.then(() => this.#end());
  }

  get told(): boolean {
    return this.#toldAt !== undefined;
  }

  /** It is no work while it is wanted. */
  get inFlight(): number {
    return this.told && !this.#isOver ? 1 : 0;
  }

  work(): WorkItem[] {
    if (this.#toldAt === undefined || this.#isOver) return [];
    return [{ name: this.name, ageMs: this.#clock.now() - this.#toldAt }];
  }

  announce(): void {
    if (this.#phase === 'announcing') this.#tell();
  }

  refuse(): void {
    this.#tell();
  }

  drained(): Promise<void> {
    return this.#over.promise;
  }

  force(): void {}

  abort(): void {
    this.aborted = true;
    if (!this.#isOver) this.#companion.kill();
    this.#end();
  }

  #tell(): void {
    if (this.told || this.#isOver) return;
    this.#toldAt = this.#clock.now();
    const timeout = this.#timeout;
    if (timeout !== undefined) this.#cancel = this.#clock.setTimeout(() => this.#onTimeout(timeout), timeout);
    this.#companion.tell();
  }

  #onTimeout(timeout: number): void {
    const detail = `${this.name} did not end within ${formatDuration(timeout)}, and was killed`;
    this.overdue = new DrainError('DRAIN_PROCESS_KILLED', detail);
    this.#companion.kill();
  }

  #end(): void {
    this.#isOver = true;
    this.#cancel();
    this.#over.resolve();
  }
}
