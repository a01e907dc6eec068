import { setTimeout as sleep } from 'node:timers/promises';
import type { DrainReport } from '@drainkit/core';
import { spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { Protocol } from './apps/protocol-server.ts';
import { missing } from './balancer.ts';
import { countFrom, startFailover, toldBy } from './load.ts';
import {
  curl,
  h2load,
  nghttp,
  nodeAgent,
  nodeFetch,
  undiciAgent,
  undiciHttp2,
  undiciPool,
  wrk,
} from './real-clients.ts';
import type { StartClient } from './real-clients.ts';

const RUNS = countFrom('DRAINKIT_CLIENT_RUNS', 1);
const WINDOW = 1_000;

/** How long the clients go on, in milliseconds: before the signal, and with the other server when the first is gone. */
const BEFORE = 400;
const AFTER = 300;

const HTTP1: Record<string, StartClient> = {
  'undici Agent': undiciAgent,
  'undici Pool': undiciPool,
  'node fetch': nodeFetch,
  'node:http Agent': nodeAgent,
  curl: curl(100),
  'h2load --h1': h2load(200, '--h1'),
  wrk,
};
const H2C: Record<string, StartClient> = {
  h2load: h2load(400, '-m', '2'),
  nghttp: nghttp(20, BEFORE + WINDOW + 300),
};
const H2: Record<string, StartClient> = {
  'undici Pool, allowH2': undiciHttp2,
  'curl --http2': curl(100, '--http2'),
  'curl --http1.1': curl(100, '--http1.1'),
  h2load: h2load(400, '-m', '2'),
  nghttp: nghttp(20, BEFORE + WINDOW + 300),
};

const CASES: { readonly protocol: Protocol; readonly clients: Record<string, StartClient> }[] = [
  { protocol: 'http', clients: HTTP1 },
  { protocol: 'h2c', clients: H2C },
  { protocol: 'h2', clients: H2 },
];

const why = missing('curl') ?? missing('wrk') ?? missing('h2load') ?? missing('nghttp');

async function start(protocol: Protocol): Promise<SpawnedApp> {
  const app = await spawnApp(new URL('./apps/protocol-server.ts', import.meta.url), {
    env: { PROTOCOL: protocol, DRAIN_WINDOW: String(WINDOW), DRAIN_WINDOW_MIN: String(WINDOW) },
  });
  onTestFinished(() => app.kill());
  return app;
}

test.for(CASES)(
  'clients of other makes fail no request through a whole drain, over $protocol',
  // Where a client gets no CPU for as long as the window, it learns too late that it is to leave.
  { timeout: 30_000 * RUNS, retry: 1 },
  async ({ protocol, clients }, { skip }) => {
    skip(why !== undefined, why);
    for (let run = 1; run <= RUNS; run += 1) {
      const [leaving, staying] = [await start(protocol), await start(protocol)];
      const port = await startFailover([leaving, staying]);
      const origin = `${protocol === 'h2' ? 'https' : 'http'}://127.0.0.1:${port}`;
      const stops = Object.entries(clients).map(([name, begin]) => [name, begin(origin)] as const);
      await sleep(BEFORE);
      leaving.signal('SIGTERM');
      const { code, ms } = await within('the server to exit', 10_000, leaving.exited);
      await sleep(AFTER);
      const outcomes = await Promise.all(stops.map(async ([name, stop]) => [name, await stop()] as const));
      const report = toldBy(leaving, 'ended') as DrainReport;
      const figures = outcomes.map(
        ([name, { requests, failures }]) => `${name} ${requests}, failed ${failures.length}`,
      );
      console.log(
        `real clients over ${protocol}, run ${run}/${RUNS}: ${figures.join('; ')}; late ${report.servedLate}, ` +
          `exit ${code} after ${Math.round(ms)} ms`,
      );
      for (const [name, outcome] of outcomes) {
        const failures = [...new Set(outcome.failures)].slice(0, 5);
        expect({ name, failures }).toEqual({ name, failures: [] });
        expect(outcome.requests).toBeGreaterThan(0);
      }
      expect(code).toBe(0);
      expect(report).toMatchObject({ outcome: 'clean', aborted: [], refused: 0 });
    }
  },
);
