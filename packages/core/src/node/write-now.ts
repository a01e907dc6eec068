import { appendFileSync, writeSync } from 'node:fs';

const STDOUT = 1;

/** How often a pipe that is full is tried again. */
const ATTEMPTS = 1_000;

/**
 * Writes a line to `'stdout'`, or appends it to a file, before it returns: `process.stdout.write` would hand it to the event
 * loop, which may not turn again.
 */
export function writeNow(target: string, line: string): void {
  const text = `${line}\n`;
  if (target === 'stdout') writeWhole(Buffer.from(text));
  else appendFileSync(target, text);
}

/** A pipe that does not block takes a part, or nothing while its reader is behind. */
function writeWhole(bytes: Buffer): void {
  let written = 0;
  for (let attempt = 1; written < bytes.length;) {
    try {
      written += writeSync(STDOUT, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || attempt === ATTEMPTS) throw error;
      attempt += 1;
      // Sleeps for a millisecond: there is nothing else to do than to wait for the reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
