import type { ChildProcess, Serializable } from 'node:child_process';
import { AppOutput } from './app-output.ts';
import { now, startTimer, stopTimer } from './real-time.ts';

/** How a process ended. */
export interface AppExit {
  /** Its exit code; `null` if a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it; `null` if it exited by itself. */
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds since the last signal or message sent to it; since its start, if none was. */
  readonly ms: number;
}

/** How long to read on what an ended process has left, while a process that it started keeps its output open. */
const LAST_OUTPUT = 1000;

/** Processes that are to end with this one, should a test run end in the middle. */
const alive = new Set<ChildProcess>();
const killAll = (): void => {
  for (const child of alive) child.kill('SIGKILL');
};

/** A process that was just spawned: its output, its end, and what can be sent to it. */
export class AppProcess {
  readonly child: ChildProcess;
  readonly output: AppOutput = new AppOutput();
  readonly messages: unknown[] = [];
  readonly exited: Promise<AppExit>;
  #since: number = now();

  constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout !== null) this.output.read(child.stdout, 'stdout');
    if (child.stderr !== null) this.output.read(child.stderr, 'stderr');
    child.on('message', (message) => this.messages.push(message));
    this.exited = this.#watch();
  }

  get isAlive(): boolean {
    return alive.has(this.child);
  }

  signal(name: NodeJS.Signals): boolean {
    if (!this.isAlive) return false;
    this.#since = now();
    return this.child.kill(name);
  }

  async send(message: Serializable): Promise<void> {
    if (!this.child.connected)
      throw new Error("no IPC channel: was the app spawned with 'ipc: true', and is it alive?");
    this.#since = now();
    await new Promise<void>((resolve, reject) => {
      this.child.send(message, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async kill(): Promise<void> {
    if (this.isAlive) this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Rejects when the process ends. */
  async endsBefore(what: string): Promise<never> {
    const { code, signal } = await this.exited;
    throw new Error(`the app ended (${signal ?? `code ${code}`}) before ${what}; it printed:\n${this.output.text}`);
  }

  #watch(): Promise<AppExit> {
    const { child } = this;
    if (child.pid === undefined) {
      // The binary is not there, say. Node tells why in an 'error' event.
      return new Promise((_, reject) => child.once('error', reject));
    }
    if (alive.size === 0) process.on('exit', killAll);
    alive.add(child);
    return new Promise((resolve) => {
      child.on('error', () => {});
      child.once('exit', (code, signal) => {
        alive.delete(child);
        if (alive.size === 0) process.off('exit', killAll);
        const exit = { code, signal, ms: now() - this.#since };
        const timer = startTimer(() => resolve(exit), LAST_OUTPUT);
        child.once('close', () => {
          stopTimer(timer);
          resolve(exit);
        });
      });
    });
  }
}
