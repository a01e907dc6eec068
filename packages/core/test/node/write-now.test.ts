import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { writeNow } from '../../src/node/write-now.ts';

const built = new URL('../../dist/node/write-now.js', import.meta.url).href;

test('a file is appended to, a line at a time', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drainkit-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'lines');
  writeNow(file, 'one');
  writeNow(file, 'two');
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
});

test('a file that cannot be written is an error', () => {
  expect(() => writeNow('/dev/null/nowhere', 'line')).toThrow(/ENOTDIR|ENOENT/);
});

test('a line that is longer than a pipe holds arrives whole, however slow its reader, and although the process exits next', async () => {
  const line = 'x'.repeat(1_000_000);
  // Node has made the pipe one that does not block by then.
  const program = `import { writeNow } from ${JSON.stringify(built)};
    process.stdout.write('begins\\n');
    writeNow('stdout', 'x'.repeat(1_000_000));
    process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await sleep(100);
  expect(await within('all to arrive', 5_000, text(child.stdout))).toBe(`begins\n${line}\n`);
});
