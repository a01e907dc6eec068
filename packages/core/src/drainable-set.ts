import type { Drainable, WorkItem } from './drainable.ts';

/** Several Drainables as one. One that is added later is brought up to where the others are. */
export class DrainableSet implements Drainable {
  readonly name = 'all';
  readonly #members = new Set<Drainable>();
  /** What the members have been told so far. */
  readonly #told: ('announce' | 'refuse' | 'force' | 'abort')[] = [];

  add(member: Drainable): void {
    if (this.#members.has(member)) return;
    this.#members.add(member);
    for (const word of this.#told) member[word]();
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

  get reachable(): boolean {
    for (const { reachable } of this.#members) if (reachable) return true;
    return false;
  }

  get lastRequestAt(): number {
    return Math.max(...Array.from(this.#members, (member) => member.lastRequestAt));
  }

  work(): WorkItem[] {
    return Array.from(this.#members, (member) => member.work()).flat();
  }

  announce(): void {
    this.#tell('announce');
  }

  refuse(): void {
    this.#tell('refuse');
  }

  /** Also waits for members that are added while the others are waited for. */
  async drained(): Promise<void> {
    let known: number;
    do {
      known = this.#members.size;
      await Promise.all(Array.from(this.#members, (member) => member.drained()));
    } while (this.#members.size > known);
  }

  force(): void {
    this.#tell('force');
  }

  abort(): void {
    this.#tell('abort');
  }

  #tell(word: 'announce' | 'refuse' | 'force' | 'abort'): void {
    this.#told.push(word);
    for (const member of this.#members) member[word]();
  }

  #sum(count: 'inFlight' | 'late' | 'refused' | 'stalled'): number {
    let sum = 0;
    for (const member of this.#members) sum += member[count];
    return sum;
  }
}
