import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { spawnApp, within } from '@drainkit/testing';
import { expect, test } from 'vitest';

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('SIGHUP replaces the workers while they are asked, and Ctrl+C ends them all', async () => {
  const port = await freePort();
  await using app = await spawnApp(new URL('server.ts', import.meta.url), {
    env: { PORT: String(port), WORKERS: '2' },
    readyPattern: /^primary \d+/,
    startTimeout: 30_000,
  });
  const answers = new Set<string>();
  const ask = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    expect(response.status).toBe(200);
    answers.add(await response.text());
  };
  await ask();
  app.signal('SIGHUP');
  const reload = async (): Promise<void> => {
    while (!app.stdout.includes('reload-done')) await ask();
  };
  await within('the reload to be done', 40_000, reload());
  for (let request = 0; request < 4; request += 1) await ask();
  expect(answers.size).toBeGreaterThan(2);

  app.signal('SIGINT');
  expect(await within('the cluster to exit', 20_000, app.exited)).toMatchObject({ code: 0, signal: null });
});
