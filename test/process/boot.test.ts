import { describe, expect, test } from 'vitest';
import { exitOf, reportOf, start, told } from './spawned.ts';

describe.each(['boot', 'fastify-boot'] as const)('%s', (name) => {
  // A process may linger for 250 ms: one connects within that time, the other would only after it.
  test.each([100, 1200])('a signal while it connects, for %i ms more, is not lost', async (connectMs) => {
    const app = await start(name, {
      options: { window: 5000 },
      env: { CONNECT_FROM: 'signal', CONNECT_MS: String(connectMs) },
      readyPattern: /^booting$/,
    });
    app.signal('SIGTERM');
    const { code, signal } = await exitOf(app);
    expect({ code, signal, output: code === 0 ? '' : app.output }).toEqual({ code: 0, signal: null, output: '' });
    expect(told(app, 'closed')).toContain('closed config');
    // Nobody can reach it yet: there is nobody to wait for.
    expect(reportOf(app)).toMatchObject({ outcome: 'clean', trigger: { reason: 'SIGTERM' }, windowEnd: 'skipped' });
    // What it connected to was closed, unless the process was gone before that.
    expect(told(app, 'closed database')).toHaveLength(told(app, 'connected').length);
  });
});

test.each(['boot', 'fastify-boot'] as const)('without a signal, %s starts', async (name) => {
  const app = await start(name, { env: { CONNECT_MS: '100' } });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'closed')).toEqual(['closed database', 'closed config']);
});
