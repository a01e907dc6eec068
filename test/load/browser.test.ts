import { createRequire } from 'node:module';
import type { DrainReport } from '@drainkit/core';
import { eventually, RawClient, spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { missing } from './balancer.ts';
import { startFailover, toldBy } from './load.ts';

const CHROMIUM = '/usr/bin/chromium';
const WINDOW = 1_000;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** As much of playwright as is used here: its own types want those of the DOM. */
interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: readonly string[] }): Promise<Browser> };
}

interface Browser {
  newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate(expression: string): Promise<unknown> }>;
  close(): Promise<void>;
}

const { chromium } = createRequire(import.meta.url)('playwright-core') as Playwright;

/** What the page keeps. */
interface Seen {
  /** Answers to its requests, by the server that gave them. */
  readonly answers: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  /** The server's name, for each time that the EventSource has connected. */
  readonly events: readonly string[];
  /** The codes with which the WebSocket was closed. */
  readonly closes: readonly number[];
}

async function start(name: string): Promise<SpawnedApp> {
  const app = await spawnApp(new URL('./apps/browser-server.ts', import.meta.url), {
    env: { NAME: name, DRAIN_WINDOW: String(WINDOW), DRAIN_WINDOW_MIN: String(WINDOW) },
  });
  onTestFinished(() => app.kill());
  return app;
}

/** Opens the page; answers with how to read what it has seen. */
async function openPage(url: string): Promise<() => Promise<Seen>> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(url);
  return async () => (await page.evaluate('seen')) as Seen;
}

test(
  'a browser fails no request through a whole drain, its EventSource connects again, its WebSocket is closed with 1001',
  { timeout: 60_000 },
  async ({ skip }) => {
    const why = missing(CHROMIUM, '--version');
    skip(why !== undefined, why);
    const [leaving, staying] = [await start('leaving'), await start('staying')];
    const port = await startFailover([leaving, staying]);
    const seen = await openPage(`http://127.0.0.1:${port}`);
    const settled = async (): Promise<boolean> => ((await seen()).answers['leaving'] ?? 0) > 10;
    await eventually('the page to have been answered', settled, { timeout: 20_000, interval: 50 });

    // What a browser opens ahead of time it opens when it likes, and seldom without a person before it: these stand for them.
    const ahead = [await RawClient.connect(leaving.url), await RawClient.connect(leaving.url)];
    onTestFinished(async () => {
      for (const client of ahead) await client[Symbol.asyncDispose]();
    });

    leaving.signal('SIGTERM');
    const { code, ms } = await within('the server to exit', 10_000, leaving.exited);
    const moved = async (): Promise<boolean> => ((await seen()).answers['staying'] ?? 0) > 10;
    await eventually('the page to be answered by the other server', moved, { timeout: 10_000, interval: 50 });
    const { answers, failures, events, closes } = await seen();
    const report = toldBy(leaving, 'ended') as DrainReport;
    const bare = toldBy(leaving, 'bare') as number;
    console.log(
      `Chromium: answers ${JSON.stringify(answers)}, failures ${failures.length}, EventSource ${events.join(', ')}, ` +
        `WebSocket closed with ${closes.join()}; ${bare} bare connections; exit ${code} after ${Math.round(ms)} ms`,
    );
    expect(failures).toEqual([]);
    // In the window it finds the one that leaves once more; in the end the one that stays.
    expect(events[0]).toBe('leaving');
    expect(events.at(-1)).toBe('staying');
    expect(closes).toEqual([1001]);
    expect(code).toBe(0);
    expect(report).toMatchObject({ outcome: 'clean', aborted: [] });
    // Connections that were opened ahead of time, and never used, are not waited for.
    expect(bare).toBeGreaterThanOrEqual(ahead.length);
    expect(ms).toBeLessThan(WINDOW + 1_500);
  },
);
