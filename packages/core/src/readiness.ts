/** Whether the app itself wants traffic, apart from any drain. */
export class Readiness {
  #ready = true;
  #started = true;

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
    if (ready === this.#ready) return false;
    this.#ready = ready;
    if (ready) this.#started = true;
    else if (booting) this.#started = false;
    return true;
  }
}
