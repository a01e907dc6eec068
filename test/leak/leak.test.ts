import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** How many drains; with DRAINKIT_DRAINS=1000 as many as the promise speaks of. */
const MANY = Number(process.env['DRAINKIT_DRAINS'] ?? 100);
const FEW = 10;

/**
 * What one drain may leave on the heap, in KiB. Compiled code and inline caches grow while the first few hundred run; one
 * server that is not let go of is more than ten times that.
 */
const KB_PER_DRAIN = 4;

interface Remains {
  readonly heapKb: number;
  readonly listeners: number;
  readonly handles: string;
  readonly subscribed: boolean;
}

test(
  `${MANY} drains in one process leave no more behind than ${FEW}`,
  async () => {
    const app = fileURLToPath(new URL('many-drains.ts', import.meta.url));
    const args = ['--expose-gc', '--import', 'tsx', app, String(FEW), String(MANY)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [few, many] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Remains);
    if (few === undefined || many === undefined) throw new Error(`it printed: ${stdout}`);
    const { heapKb, ...others } = many;
    expect(others).toMatchObject({ listeners: few.listeners, handles: few.handles, subscribed: false });
    expect(heapKb - few.heapKb).toBeLessThan(1_024 + KB_PER_DRAIN * (MANY - FEW));
  },
  30_000 + MANY * 200,
);
