import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseLogLine } from './listening-address.ts';
import type { LogLine } from './listening-address.ts';

/** What a process has printed, line by line, standard output and standard error in the order in which they came. */
export class AppOutput {
  /** All lines. */
  readonly lines: string[] = [];
  /** Those of standard output. */
  readonly stdout: string[] = [];
  /** Those of standard error. */
  readonly stderr: string[] = [];
  /** Those that are JSON, parsed. */
  readonly logs: LogLine[] = [];
  readonly #listeners = new Set<(line: string) => void>();

  /** Reads `stream` to its end. */
  read(stream: Readable, name: 'stdout' | 'stderr'): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.lines.push(line);
      this[name].push(line);
      const log = parseLogLine(line);
      if (log !== undefined) this.logs.push(log);
      for (const listener of [...this.#listeners]) listener(line);
    });
  }

  /** The first line that `matches`, printed already or yet to come. `cancel` ends the wait. */
  find(matches: (line: string) => boolean): { readonly line: Promise<string>; cancel(): void } {
    let listener: (line: string) => void = () => {};
    const cancel = (): void => {
      this.#listeners.delete(listener);
    };
    const line = new Promise<string>((resolve) => {
      const printed = this.lines.find(matches);
      if (printed !== undefined) return resolve(printed);
      listener = (next) => {
        if (!matches(next)) return;
        cancel();
        resolve(next);
      };
      this.#listeners.add(listener);
    });
    return { line, cancel };
  }

  /** All of it, as text. */
  get text(): string {
    return this.lines.join('\n');
  }
}
