/** Whether the app itself wants traffic, apart from any drain. */
export class Readiness {
  #wanted = true;
  #started: boolean;
  readonly #failing = new Set<object>();

  /** @param started - whether whoever asks can only reach what has started: the app's own server. */
  constructor(started: boolean) {
    this.#started = started;
  }

  get ready(): boolean {
    return this.#wanted && this.#failing.size === 0;
  }

  /** Whether it has been ready at least once. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * @param booting - whether nobody can reach the app yet: an `unready` then says that it has not started.
   * @returns whether anything has changed.
   */
  set(ready: boolean, booting: boolean): boolean {
    if (ready === this.#wanted && (this.#started || !ready)) return false;
    const before = { ready: this.ready, started: this.#started };
    this.#wanted = ready;
    if (ready) this.#started = true;
    else if (booting) this.#started = false;
    return this.ready !== before.ready || this.#started !== before.started;
  }

  /** Something that the app needs has failed. @returns whether `ready` has changed. */
  fail(what: object): boolean {
    const before = this.ready;
    this.#failing.add(what);
    return this.ready !== before;
  }

  /** It works again. @returns whether `ready` has changed. */
  recover(what: object): boolean {
    const before = this.ready;
    this.#failing.delete(what);
    return this.ready !== before;
  }

  /** A server listens: the app has started, unless it has said that it has not. */
  onListening(): void {
    if (this.#wanted) this.#started = true;
  }
}
