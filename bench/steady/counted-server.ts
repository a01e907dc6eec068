import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawnApp, type SpawnedApp } from '@drainkit/testing';
import type { Variant } from './servers/variant.ts';

export const FRAMEWORKS = ['fastify', 'express'] as const;

export type Framework = (typeof FRAMEWORKS)[number];

/** It counts only when it is told to; code that Node's compiler writes over is translated anew. */
const VALGRIND = ['--tool=callgrind', '--instr-atstart=no', '--smc-check=all-non-file'];

/** What makes two runs of Node alike: no compiling and no collecting in other threads, and little to collect. */
const NODE = ['--single-threaded', '--predictable', '--min-semi-space-size=32'];

const run = promisify(execFile);

/** A server under valgrind, which counts the instructions that it takes for requests. */
export class CountedServer implements AsyncDisposable {
  readonly #app: SpawnedApp;
  readonly #dumps: string;

  private constructor(app: SpawnedApp, dumps: string) {
    this.#app = app;
    this.#dumps = dumps;
  }

  static async start(framework: Framework, variant: Variant): Promise<CountedServer> {
    const dumps = await mkdtemp(join(tmpdir(), 'drainkit-steady-'));
    const app = await spawnApp(new URL(`./servers/${framework}.ts`, import.meta.url), {
      nodePath: 'valgrind',
      execArgv: [...VALGRIND, `--callgrind-out-file=${join(dumps, 'counts')}`, process.execPath, ...NODE],
      args: [variant],
      startTimeout: 120_000,
    });
    return new CountedServer(app, dumps);
  }

  /** Begins to count. Until then all goes several times as fast. */
  async beginCounting(): Promise<void> {
    await this.#control('--instr=on');
  }

  /** Has it answer requests, one after the other. */
  async serve(path: string, requests: number): Promise<void> {
    const { stdout } = await run('h2load', ['--h1', '-n', `${requests}`, '-c', '1', this.#app.url + path], {
      timeout: 300_000,
    });
    if (!stdout.includes(`status codes: ${requests} 2xx`))
      throw new Error(`not all were answered with 200:\n${stdout}`);
  }

  /** The same, and how many instructions each of them took. */
  async count(path: string, requests: number): Promise<number> {
    await this.#control('--zero');
    await this.serve(path, requests);
    await this.#control('--dump');
    return (await this.#dumped()) / requests;
  }

  async #control(what: string): Promise<void> {
    await run('callgrind_control', [what, `${this.#app.pid}`], { timeout: 60_000 });
  }

  async #dumped(): Promise<number> {
    const [name] = await readdir(this.#dumps);
    const file = join(this.#dumps, name ?? '');
    const [, total] = /^(?:totals|summary): (\d+)/m.exec(await readFile(file, 'utf8')) ?? [];
    await rm(file);
    return Number(total);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.kill();
    await rm(this.#dumps, { recursive: true, force: true });
  }
}
