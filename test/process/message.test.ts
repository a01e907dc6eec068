import { describe, expect, test } from 'vitest';
import { begin, CLOSED_IN_REVERSE, exitOf, reportOf, SERVERS, start, told } from './spawned.ts';

describe.each(SERVERS)('%s', (server) => {
  test("pm2's message drains without a window", async () => {
    const app = await start(server, { ipc: true, options: { window: 10_000 } });
    const client = await begin(app, '/slow');
    await app.send('shutdown');
    expect(await client.response()).toMatchObject({ status: 200, body: 'slow' });
    const { code, ms } = await exitOf(app);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5000);
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
    expect(reportOf(app)).toMatchObject({ outcome: 'clean', trigger: { kind: 'message' } });
    expect(told(app, 'lingering')).toEqual([]);
  });
});

test('other messages begin nothing', async () => {
  const app = await start('http', { ipc: true });
  for (const message of ['online', { type: 'shutdown' }, 'shutdown now']) await app.send(message);
  const client = await begin(app, '/slow');
  expect((await client.response()).status).toBe(200);
  expect(told(app, 'phase')).toEqual([]);
});

test('SIGTERM drains a forked app, and the open channel does not keep it alive', async () => {
  const app = await start('http', { ipc: true });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'lingering')).toEqual([]);
});

test('a forked child with nothing else to do ends by itself', async () => {
  const app = await start('idle-child', { ipc: true, readyPattern: /^ready$/ });
  expect(await exitOf(app, 5000)).toMatchObject({ code: 0, signal: null });
  expect(app.stdout).toEqual(['ready', 'exit 0']);
});
