/**
 * No server at all: a program that works through the files of a directory, and that Ctrl+C does not tear out of one. It
 * writes the checksum of each file next to it, `a.txt.sha256` for `a.txt`, slowly enough to watch.
 *
 *     pnpm example examples/06-file-processing/process-files.ts [directory]
 *
 * Without a directory it makes one with ten files. Press Ctrl+C: it finishes the file in hand, says what is left, and exits
 * with 0; start it again with that directory, and it goes on where it stopped. Press Ctrl+C twice, and it exits at once with
 * 130, the file in hand unfinished: no half-written checksum is left behind, for each is written whole under a name of its
 * own first. (pnpm answers Ctrl+C with an exit code of its own; `node --import tsx examples/06-…` shows that of the program.)
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';

/** How long one file takes, in milliseconds. */
const PACE = Number(process.env['FILE_MS'] ?? 1_000);

const drain = createDrain();
const directory = process.argv[2] ?? (await exampleDirectory());
const { todo, done } = await look(directory);

drain.on('trigger', ({ trigger }) => {
  console.log(`${trigger.reason}: finishing the file in hand; once more to stop at once`);
});
console.log(`${directory}: ${todo.length} files to do, ${done} done before`);

let finished = 0;
for (const file of todo) {
  // Once the drain has begun, track() takes on nothing more and throws; asking first is the polite way.
  if (drain.signal.aborted) break;
  await drain.track(() => writeChecksum(join(directory, file)), file);
  finished += 1;
  console.log(`  ${file}`);
}

const left = todo.length - finished;
console.log(left === 0 ? 'all done' : `${left} left; to go on: process-files.ts ${directory}`);

async function writeChecksum(file: string): Promise<void> {
  const checksum = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  await sleep(PACE);
  await writeFile(`${file}.part`, `${checksum}\n`);
  await rename(`${file}.part`, `${file}.sha256`);
}

/** The files that have no checksum yet, and how many have one. */
async function look(path: string): Promise<{ todo: string[]; done: number }> {
  const names = (await readdir(path)).filter((name) => !name.startsWith('.') && !name.endsWith('.part'));
  const sources = names.filter((name) => !name.endsWith('.sha256')).toSorted();
  const rest = sources.filter((name) => !names.includes(`${name}.sha256`));
  return { todo: rest, done: sources.length - rest.length };
}

async function exampleDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'drainkit-files-'));
  for (let number = 0; number < 10; number += 1) await writeFile(join(path, `${number}.txt`), `file ${number}\n`);
  return path;
}
