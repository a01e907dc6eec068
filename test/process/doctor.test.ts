import { eventually } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { exitOf, get, logged, start } from './spawned.ts';

test.each(['express', 'fastify'] as const)('%s: an app with which all is well hears nothing', async (server) => {
  const app = await start(server);
  await get(app, '/');
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(logged(app, 'warning')).toEqual([]);
});

test('what is found is one log line, once, when the server begins to listen', async () => {
  const app = await start('express', { env: { NODE_ENV: 'production', pm_id: '0' } });
  await eventually('the warnings', () => logged(app, 'warning').length >= 2);
  await get(app, '/');
  app.signal('SIGTERM');
  await exitOf(app);
  expect(logged(app, 'warning')).toMatchObject([
    { level: 40, code: 'keep-alive-timeout', remedy: expect.stringContaining('keepAliveTimeout') as string },
    { level: 40, code: 'pm2-kill-timeout', msg: expect.stringContaining('30 s') as string },
  ]);
});

test('the environment silences it', async () => {
  const env = { NODE_ENV: 'production', pm_id: '0', DRAIN_SILENCE: 'keep-alive-timeout,pm2-kill-timeout' };
  const app = await start('express', { env });
  await get(app, '/');
  app.signal('SIGTERM');
  await exitOf(app);
  expect(logged(app, 'warning')).toEqual([]);
});
