import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drainkit-files-test-'));
  for (const name of ['a', 'b', 'c', 'd', 'e']) await writeFile(join(directory, `${name}.txt`), name);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function start(fileMs: number): Promise<SpawnedApp> {
  return spawnApp(new URL('process-files.ts', import.meta.url), {
    args: [directory],
    env: { FILE_MS: String(fileMs) },
    readyPattern: /files to do/,
  });
}

async function written(ending: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(ending)).toSorted();
}

test('a program that is left alone processes every file and exits 0', async () => {
  await using app = await start(10);

  const { code } = await within('the program to exit', 10_000, app.exited);
  expect(code).toBe(0);
  expect(app.stdout.at(-1)).toBe('all done');
  expect(await written('.sha256')).toHaveLength(5);
});

test('Ctrl+C finishes the file in hand, says what is left, and exits 0; the next run goes on there', async () => {
  await using first = await start(600);
  await first.waitForLine('a.txt');

  first.signal('SIGINT');
  const { code } = await within('the program to exit', 10_000, first.exited);
  expect(code).toBe(0);
  expect(first.stdout).toContain('SIGINT: finishing the file in hand; once more to stop at once');
  expect(first.stdout.at(-1)).toMatch(/^3 left/);
  expect(await written('.sha256')).toEqual(['a.txt.sha256', 'b.txt.sha256']);

  await using second = await start(10);
  const { code: then } = await within('the second run to exit', 10_000, second.exited);
  expect(then).toBe(0);
  expect(second.stdout[0]).toMatch(/3 files to do, 2 done before/);
  expect(await written('.sha256')).toHaveLength(5);
});

test('a second Ctrl+C exits at once with 130 and leaves no half-written checksum', async () => {
  await using app = await start(30_000);

  app.signal('SIGINT');
  await app.waitForLine('finishing the file in hand');
  app.signal('SIGINT');
  const { code, ms } = await within('the program to exit', 10_000, app.exited);
  expect(code).toBe(130);
  expect(ms).toBeLessThan(2_000);
  expect(await written('.sha256')).toEqual([]);
});
