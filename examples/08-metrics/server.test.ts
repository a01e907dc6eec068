import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { eventually, spawnApp, within } from '@drainkit/testing';
import { expect, test } from 'vitest';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('the metrics tell of the whole drain, up to how long it took', async () => {
  const port = await freePort();
  await using app = await spawnApp(new URL('server.ts', import.meta.url), {
    env: { PORT: '0', DRAIN_WINDOW: '1s', DRAIN_HEALTH_PORT: String(port) },
  });
  const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(await scrape()).toContain('drain_phase{phase="serving"} 1');

  app.signal('SIGTERM');
  await eventually('the metrics to say announcing', async () => (await scrape()).includes('phase="announcing"} 1'));
  await app.waitForLine('drain: closed');
  expect(await scrape()).toContain('drain_duration_seconds_count 1');

  expect((await within('the app to exit', 10_000, app.exited)).code).toBe(0);
});
