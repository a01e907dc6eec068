import type { Drainable, WorkItem } from './drainable.ts';
import { throwLater } from './throw-later.ts';

type Word = 'announce' | 'refuse' | 'force' | 'abort';

/** Several Drainables as one; one that throws does not keep the others from being told. One that is added later is brought up to where the others are. */
export class DrainableSet implements Drainable {
  readonly name = 'all';
  readonly #members = new Set<Drainable>();
  /** What the members have been told so far. */
  readonly #told: Word[] = [];

  /** @returns whether it was no member before. */
  add(member: Drainable): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    for (const word of this.#told) tell(member, word);
    return true;
  }

  delete(member: Drainable): void {
    this.#members.delete(member);
  }

  get inFlight(): number {
    return this.#sum('inFlight');
  }

  get late(): number {
    return this.#sum('late');
  }

  get refused(): number {
    return this.#sum('refused');
  }

  get stalled(): number {
    return this.#sum('stalled');
  }

  get openConnections(): number {
    return this.#sum('openConnections');
  }

  get reachable(): boolean {
    for (const { reachable } of this.#members) if (reachable === true) return true;
    return false;
  }

  get lastRequestAt(): number {
    return Math.max(...Array.from(this.#members, ({ lastRequestAt = -Infinity }) => lastRequestAt));
  }

  work(): WorkItem[] {
    const all = [...this.#members].flatMap((member) => {
      try {
        return member.work().map(({ name, ageMs }) => ({ name, ageMs: Math.round(ageMs) }));
      } catch (error) {
        throwLater(error);
        return [];
      }
    });
    return all.toSorted((a, b) => b.ageMs - a.ageMs);
  }

  announce(): void {
    this.#tell('announce');
  }

  refuse(): void {
    this.#tell('refuse');
  }

  /** Also waits for members that are added while the others are waited for. */
  async drained(): Promise<void> {
    const awaited = new Set<Drainable>();
    for (;;) {
      const others = [...this.#members].filter((member) => !awaited.has(member));
      if (others.length === 0) return;
      for (const member of others) awaited.add(member);
      await Promise.allSettled(others.map((member) => member.drained()));
    }
  }

  force(): void {
    this.#tell('force');
  }

  abort(): void {
    this.#tell('abort');
  }

  #tell(word: Word): void {
    if (this.#told.includes(word)) return;
    this.#told.push(word);
    for (const member of this.#members) tell(member, word);
  }

  #sum(count: 'inFlight' | 'late' | 'refused' | 'stalled' | 'openConnections'): number {
    let sum = 0;
    for (const member of this.#members) sum += member[count] ?? 0;
    return sum;
  }
}

function tell(member: Drainable, word: Word): void {
  try {
    member[word]();
  } catch (error) {
    throwLater(error);
  }
}
