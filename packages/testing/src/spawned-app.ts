import type { Serializable } from 'node:child_process';
import type { AppExit, AppProcess } from './app-process.ts';
import { textOf } from './listening-address.ts';
import type { LogLine } from './listening-address.ts';
import { TimedOutError } from './timed-out-error.ts';
import { within } from './eventually.ts';

/** An app in a process of its own, with real signals and a real exit code. `spawnApp` starts one. */
export class SpawnedApp implements AsyncDisposable {
  readonly #process: AppProcess;
  readonly #origin: string | undefined;

  /** For `spawnApp`. */
  constructor(process: AppProcess, origin: string | undefined) {
    this.#process = process;
    this.#origin = origin;
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.child.pid ?? 0;
  }

  /**
   * Where it listens, without a slash at the end: `http://127.0.0.1:3000`.
   *
   * @throws {Error} if it told no address.
   */
  get url(): string {
    if (this.#origin === undefined) throw new Error(`the app told no address; it printed:\n${this.output}`);
    return this.#origin;
  }

  /**
   * The port it listens on.
   *
   * @throws {Error} if it told no address.
   */
  get port(): number {
    return Number(/\d+$/.exec(this.url)?.[0]);
  }

  /** All it has printed, standard output and standard error. */
  get output(): string {
    return this.#process.output.text;
  }

  /** The lines of its standard output. */
  get stdout(): readonly string[] {
    return this.#process.output.stdout;
  }

  /** The lines of its standard error. */
  get stderr(): readonly string[] {
    return this.#process.output.stderr;
  }

  /** The lines that are JSON objects, such as those of pino, parsed. */
  get logs(): readonly LogLine[] {
    return this.#process.output.logs;
  }

  /** The messages it has sent over IPC. */
  get messages(): readonly unknown[] {
    return this.#process.messages;
  }

  /** Whether it is still running. */
  get isAlive(): boolean {
    return this.#process.isAlive;
  }

  /** How it ended. By then all it printed has been read, unless a process that it started keeps its output open. */
  get exited(): Promise<AppExit> {
    return this.#process.exited;
  }

  /** Sends a signal. Returns whether there was still a process to get it. */
  signal(name: NodeJS.Signals): boolean {
    return this.#process.signal(name);
  }

  /**
   * Sends a message over IPC, such as pm2's `'shutdown'`.
   *
   * @throws {Error} without the option `ipc`, and when the process is gone or has disconnected.
   */
  send(message: Serializable): Promise<void> {
    return this.#process.send(message);
  }

  /**
   * Waits for a line that matches, or contains, `pattern`, be it with its `msg` where it is JSON; resolves to the line.
   * One that is there already counts.
   *
   * @param timeout How long to wait, in milliseconds.
   * @throws {TimedOutError} when time is up; its `cause` shows the output.
   * @throws {Error} when the process ends without having printed it; the message shows the output.
   */
  async waitForLine(pattern: RegExp | string, timeout = 5000): Promise<string> {
    const found = this.#process.output.find((line) => matches(line, pattern) || matches(textOf(line), pattern));
    const name = `the app to print ${String(pattern)}`;
    try {
      const ended = this.#process.endsBefore(`it printed ${String(pattern)}`);
      return await within(name, timeout, Promise.race([found.line, ended]));
    } catch (error) {
      if (!(error instanceof TimedOutError)) throw error;
      throw new TimedOutError(name, timeout, { cause: new Error(`it printed:\n${this.output}`) });
    } finally {
      found.cancel();
    }
  }

  /** Ends it with SIGKILL, if it is still running, and waits until it is gone. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

function matches(text: string, pattern: RegExp | string): boolean {
  return typeof pattern === 'string' ? text.includes(pattern) : text.search(pattern) >= 0;
}
