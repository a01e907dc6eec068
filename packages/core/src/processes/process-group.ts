import { readdir, readFile } from 'node:fs/promises';
import type { Clock } from '../host.ts';

/** How often a group whose leader has ended is looked at, in milliseconds: of the others no event tells. */
const POLL_INTERVAL = 25;

/** The process group that a child leads, if it does: it has the child's process id. Windows has no such thing. */
export class ProcessGroup {
  readonly #id: number;
  /** One that was running when it was last looked at. */
  #witness: string | undefined;

  constructor(leader: number) {
    this.#id = leader;
  }

  /** Whether it has any member, one that has ended and was not collected included. */
  get exists(): boolean {
    try {
      return process.kill(-this.#id, 0);
    } catch {
      return false;
    }
  }

  send(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#id, signal);
    } catch {
      // It is gone.
    }
  }

  /** Fulfilled when nobody in it is running any more. Does not keep the process alive. */
  async gone(clock: Clock): Promise<void> {
    while (this.exists && (await this.#isRunning())) {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, POLL_INTERVAL, { ref: false }));
    }
  }

  /**
   * Who has ended stays a member until its parent collects it: for one whose parent has ended, that is process 1, and in a
   * container not every process 1 does so. Where that cannot be known (only Linux has this /proc), members are taken to run.
   */
  async #isRunning(): Promise<boolean> {
    if (this.#witness !== undefined && (await this.#stateOf(this.#witness)) === 'running') return true;
    let ended = 0;
    for (const pid of await readdir('/proc').catch(() => [])) {
      const state = await this.#stateOf(pid);
      if (state === 'ended') ended += 1;
      if (state !== 'running') continue;
      this.#witness = pid;
      return true;
    }
    return ended === 0;
  }

  /** How a process is, if it is a member. */
  async #stateOf(pid: string): Promise<'running' | 'ended' | undefined> {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // The name, in parentheses, can hold anything; what follows is state, parent, group, …
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) !== this.#id) return undefined;
    return state === 'Z' || state === 'X' ? 'ended' : 'running';
  }
}
