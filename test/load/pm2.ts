import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DrainReport } from '@drainkit/core';
import { onTestFinished } from 'vitest';

const PM2 = join(createRequire(import.meta.url).resolve('pm2/package.json'), '../bin/pm2');
const SERVER = fileURLToPath(new URL('./apps/pm2-server.js', import.meta.url));

/** A pm2 of its own: with a home and a daemon that end with the test. */
export class Pm2 {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  static async create(): Promise<Pm2> {
    const pm2 = new Pm2(await mkdtemp(join(tmpdir(), 'drainkit-pm2-')));
    onTestFinished(async () => {
      await pm2.run('kill');
      await rm(pm2.#home, { recursive: true, force: true });
    });
    return pm2;
  }

  /** Starts two workers that share a port; fulfilled when both have said that they are ready. */
  async start(port: number, options: object): Promise<void> {
    const ecosystem = join(this.#home, 'ecosystem.config.json');
    const log = this.#log;
    const app = {
      name: 'app',
      script: SERVER,
      exec_mode: 'cluster',
      instances: 2,
      listen_timeout: 30_000,
      kill_timeout: 20_000,
      merge_logs: true,
      vizion: false,
      out_file: log,
      error_file: log,
      env: {
        PORT: String(port),
        DRAIN_GRACE_PERIOD: '20s',
        DRAIN_SIGNALS: 'SIGINT:window',
        DRAIN_WINDOW: '500ms',
        DRAIN_READINESS: 'after-window',
      },
      ...options,
    };
    await writeFile(ecosystem, JSON.stringify({ apps: [app] }));
    await this.run('start', ecosystem);
  }

  /** Replaces the workers, one after the other. */
  async reload(): Promise<void> {
    await this.run('reload', 'app');
  }

  /** What came of each drain so far. */
  async reports(): Promise<DrainReport[]> {
    const lines = (await readFile(this.#log, 'utf8')).split('\n').filter((line) => line.startsWith('report '));
    return lines.map((line) => JSON.parse(line.slice('report '.length)) as DrainReport);
  }

  async run(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, PM2_HOME: this.#home, PM2_DISABLE_VERSION_CHECK: 'true' };
    const { stdout } = await promisify(execFile)(process.execPath, [PM2, ...args], { env, timeout: 120_000 });
    return stdout;
  }

  get #log(): string {
    return join(this.#home, 'app.log');
  }
}
