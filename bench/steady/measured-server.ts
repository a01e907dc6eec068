import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, spawnApp, type SpawnedApp } from '@drainkit/testing';
import type { Variant } from './servers/variant.ts';

export const FRAMEWORKS = ['fastify', 'express'] as const;

export type Framework = (typeof FRAMEWORKS)[number];

/** CPU time a request, in microseconds: in user code alone, and with what the kernel did for it. */
export interface Cost {
  readonly user: number;
  readonly total: number;
}

/** A server whose CPU time is measured while a client in another process sends it requests. */
export class MeasuredServer implements AsyncDisposable {
  readonly #app: SpawnedApp;
  readonly #variant: Variant;

  private constructor(app: SpawnedApp, variant: Variant) {
    this.#app = app;
    this.#variant = variant;
  }

  static async start(framework: Framework, variant: Variant): Promise<MeasuredServer> {
    const file = new URL(`./servers/${framework}.ts`, import.meta.url);
    return new MeasuredServer(await spawnApp(file, { args: [variant], ipc: true }), variant);
  }

  /** Sends `requests` requests over 16 connections, and says what one of them cost the server. */
  async serve(requests: number): Promise<Cost> {
    const before = await this.#cpuUsage();
    if (this.#variant === 'metrics') await (await fetch(`${this.#app.url}/metrics`)).text();
    await promisify(execFile)('h2load', ['--h1', '-n', String(requests), '-c', '16', `${this.#app.url}/`], {
      timeout: 60_000,
    });
    const after = await this.#cpuUsage();
    const user = (after.user - before.user) / requests;
    return { user, total: user + (after.system - before.system) / requests };
  }

  async #cpuUsage(): Promise<NodeJS.CpuUsage> {
    const told = this.#app.messages.length;
    await this.#app.send('cpu');
    await eventually('the server to tell its CPU time', () => this.#app.messages.length > told);
    return this.#app.messages[told] as NodeJS.CpuUsage;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#app.kill();
  }
}
