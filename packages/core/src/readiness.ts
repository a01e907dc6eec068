/** Whether the app itself wants traffic, apart from any drain. */
export class Readiness {
  #ready = true;
  #started: boolean;

  /** @param started - whether whoever asks can only reach what has started: the app's own server. */
  constructor(started: boolean) {
    this.#started = started;
  }

  get ready(): boolean {
    return this.#ready;
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
    if (ready === this.#ready && (this.#started || !ready)) return false;
    this.#ready = ready;
    if (ready) this.#started = true;
    else if (booting) this.#started = false;
    return true;
  }

  /** A server listens: the app has started, unless it has said that it has not. */
  onListening(): void {
    if (this.#ready) this.#started = true;
  }
}
