import { eventually, freePort, spawnApp, within } from '@drainkit/testing';
import { expect, test } from 'vitest';

test('the minimal Express server serves on after SIGTERM, says so, and exits 0', async () => {
  const env = { PORT: String(await freePort()), DRAIN_WINDOW: '1s' };
  await using app = await spawnApp(new URL('server.ts', import.meta.url), { env });
  expect((await fetch(`${app.url}/ready`)).status).toBe(200);

  app.signal('SIGTERM');
  await eventually('/ready to turn 503', async () => (await fetch(`${app.url}/ready`)).status === 503);
  const late = await fetch(app.url);
  expect(late.status).toBe(200);
  expect(late.headers.get('connection')).toBe('close');

  const { code, ms } = await within('the app to exit', 10_000, app.exited);
  expect(code).toBe(0);
  expect(ms).toBeGreaterThanOrEqual(1_000);
});
