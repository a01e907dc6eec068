import { describe, expect, test } from 'vitest';
import { begin, CLOSED_IN_REVERSE, exitOf, get, reportOf, SERVERS, start, told } from './spawned.ts';

describe.each(SERVERS)('%s', (server) => {
  test('variables win over options', async () => {
    const app = await start(server, {
      options: { window: 10_000 },
      env: { DRAIN_WINDOW: '0.3s', DRAIN_DEADLINE: '200', DRAIN_FORCE_GRACE: '50ms', DRAIN_READY_PATH: '/readyz' },
    });
    await begin(app, '/hang');
    expect((await get(app, '/readyz')).status).toBe(200);
    expect((await get(app, '/ready')).status).toBe(404);
    app.signal('SIGTERM');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(1);
    expect(ms).toBeGreaterThanOrEqual(545);
    expect(ms).toBeLessThan(5000);
    expect(reportOf(app).phases[0]?.phase).toBe('announcing');
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  });

  test('DRAIN_ENABLED=false leaves health and nothing else: SIGTERM kills', async () => {
    const app = await start(server, { env: { DRAIN_ENABLED: 'false' } });
    expect((await get(app, '/ready')).status).toBe(200);
    expect((await get(app, '/healthz')).body).toBe('{"status":"pass"}');
    expect(Object.values(JSON.parse(told(app, 'listeners')[0]?.slice('listeners '.length) ?? '{"none":1}'))).toEqual(
      Array.from({ length: 8 }, () => 0),
    );
    await begin(app, '/hang');
    app.signal('SIGTERM');
    expect(await exitOf(app)).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(told(app, 'phase', 'closing', 'exit')).toEqual([]);
  });

  test('variables that cannot be used end the process at its start, each of them named', async () => {
    const env = { DRAIN_WINDOW: 'soon', DRAIN_DEADLIN: '3s', DRAIN_EXIT: 'perhaps' };
    const message = await start(server, { env }).then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(message).toContain('code 1');
    expect(message).toContain("DRAIN_WINDOW is 'soon'; allowed: milliseconds");
    expect(message).toContain('DRAIN_DEADLIN is no variable of drainkit; did you mean DRAIN_DEADLINE?');
    expect(message).toContain("DRAIN_EXIT is 'perhaps'; allowed: true or false");
    expect(message).toContain('DRAIN_OPTIONS_INVALID');
  });
});

test('DRAIN_SIGNALS says which signals begin a drain, and how', async () => {
  const app = await start('http', {
    options: { window: 10_000 },
    env: { DRAIN_SIGNALS: 'SIGUSR2:at-once,SIGINT' },
  });
  app.signal('SIGUSR2');
  expect((await exitOf(app)).code).toBe(0);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', trigger: { reason: 'SIGUSR2' } });
});

test('a signal that DRAIN_SIGNALS leaves out kills, as it would without a drain', async () => {
  const app = await start('http', { env: { DRAIN_SIGNALS: 'SIGINT' } });
  app.signal('SIGTERM');
  expect(await exitOf(app)).toMatchObject({ code: null, signal: 'SIGTERM' });
});
