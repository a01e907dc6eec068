import type { Drainable, WorkItem } from '../src/drainable.ts';

/** A Drainable in the hands of a test: a server whose requests begin and end as they are told. */
export class FakeDrainable implements Drainable {
  readonly name: string;
  readonly log: string[];
  reachable = true;
  late = 0;
  refused = 0;
  stalled = 0;
  lastRequestAt = -Infinity;
  readonly #work: string[] = [];
  readonly #waiting: (() => void)[] = [];

  /** @param log - what it was told is noted here, as `http announce`. */
  constructor(name = 'http', log: string[] = []) {
    this.name = name;
    this.log = log;
  }

  get inFlight(): number {
    return this.#work.length;
  }

  begin(...names: string[]): this {
    this.#work.push(...names);
    return this;
  }

  /** Ends all that is in flight. */
  end(): void {
    this.#work.length = 0;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  work(): WorkItem[] {
    return this.#work.map((name) => ({ name, ageMs: 1 }));
  }

  announce(): void {
    this.log.push(`${this.name} announce`);
  }

  refuse(): void {
    this.reachable = false;
    this.log.push(`${this.name} refuse`);
  }

  drained(): Promise<void> {
    if (this.#work.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  force(): void {
    this.log.push(`${this.name} force`);
  }

  abort(): void {
    this.log.push(`${this.name} abort`);
    this.end();
  }
}
