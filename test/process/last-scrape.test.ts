import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient, type SpawnedApp } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { exitOf, start, told } from './spawned.ts';

async function metered(lastScrape: string): Promise<{ readonly app: SpawnedApp; readonly url: string }> {
  const app = await start('metrics', { options: { window: 300, lastScrape: lastScrape as '1s' } });
  return { app, url: (await app.waitForLine(/^metrics /)).slice('metrics '.length) };
}

/** Scrapes as Prometheus does, each time on a connection that may be the one before, until the process is gone. */
async function scrapeUntilGone(url: string, everyMs: number): Promise<string[]> {
  const scrapes: string[] = [];
  for (let count = 0; count < 200; count += 1) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      scrapes.push(await response.text());
    } catch {
      return scrapes;
    }
    await sleep(everyMs);
  }
  throw new Error('it was never gone');
}

test('a scraper sees the whole drain, and its figures before the process is gone', async () => {
  const { app, url } = await metered('15s');
  const scraping = scrapeUntilGone(url, 150);
  await sleep(400);
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  const scrapes = await scraping;
  expect(code).toBe(0);
  // Long before the bound.
  expect(ms).toBeLessThan(8_000);
  expect(scrapes.some((text) => text.includes('drain_phase{phase="announcing"} 1'))).toBe(true);
  const last = scrapes.at(-1) ?? '';
  expect(last).toContain('drain_duration_seconds_count 1');
  expect(last).toContain('drain_completed_total{outcome="clean"} 1');
  expect(last).toContain('drain_phase{phase="closed"} 1');
  for (const name of ['fastify', 'database', 'cache', 'queue']) {
    expect(last).toContain(`drain_resource_close_duration_seconds{resource="${name}",outcome="closed"}`);
  }
});

test('a scraper that has gone is waited for no longer than the bound', async () => {
  const { app, url } = await metered('700ms');
  expect(await (await fetch(url)).text()).toContain('drain_duration_seconds_count 0');
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(0);
  expect(ms).toBeGreaterThanOrEqual(1_000);
  expect(told(app, 'lingering')).toEqual([]);
});

test('a second signal does not wait for it, and ends the process with 128 and its number', async () => {
  const { app, url } = await metered('15s');
  await (await fetch(url)).text();
  app.signal('SIGTERM');
  await app.waitForLine('phase closed');
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(143);
  expect(ms).toBeLessThan(8_000);
});

test('half a scrape is none: who does not read to the end has not seen it', async () => {
  const { app, url } = await metered('700ms');
  await (await fetch(url)).text();
  app.signal('SIGTERM');
  await app.waitForLine('phase closed');
  const client = await RawClient.connect(new URL(url).origin);
  client.send('GET /metrics HTTP/1.1\r\nHost: x\r\n');
  const { ms } = await exitOf(app);
  await client[Symbol.asyncDispose]();
  expect(ms).toBeGreaterThanOrEqual(1_000);
});
