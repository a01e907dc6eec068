import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');

/** What is published, with what it is built on. Tests are checked by `pnpm types`, not here: they run as they are. */
const projects = ['fastify', 'express', 'testing'].map((name) => join(root, 'packages', name));

/** Spawned processes load dist: builds it before the first test, and in watch mode before each rerun. */
export default async function setup(project: TestProject): Promise<void> {
  project.onTestsRerun(build);
  await build();
}

async function build(): Promise<void> {
  const [code] = await once(spawn(process.execPath, [tsc, '-b', ...projects], { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`tsc -b ended with code ${String(code)}`);
}
