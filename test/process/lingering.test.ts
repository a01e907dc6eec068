import { describe, expect, test } from 'vitest';
import { CLOSED_IN_REVERSE, exitOf, hasLogger, logged, reportOf, SERVERS, start, told } from './spawned.ts';

const KEEPERS = [
  { scene: 'interval', handle: 'Timeout' },
  { scene: 'net-server', handle: 'TCPServerWrap' },
];

describe.each(SERVERS)('%s', (server) => {
  test.each(KEEPERS)('a process that $handle keeps alive is ended, and told so', async ({ scene, handle }) => {
    const app = await start(server, { scene });
    app.signal('SIGTERM');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3000);
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
    expect(told(app, 'lingering')).toHaveLength(1);
    expect(told(app, 'lingering')[0]).toContain(handle);
    // Its own standard output and error are pipes.
    expect(told(app, 'lingering')[0]).not.toContain('PipeWrap');
    const line = { level: 40, msg: expect.stringContaining(handle) as string };
    expect(logged(app, 'lingering')).toMatchObject(hasLogger(server) ? [line] : []);
    expect(told(app, 'exit')).toEqual(['exit 0']);
  });
});

test('a process that is kept alive after a failed drain is ended with 1', async () => {
  const app = await start('http', { options: { closeTimeout: 200 }, scene: 'interval hang:cache' });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  expect(reportOf(app)).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(told(app, 'lingering')).toHaveLength(1);
});

test.each(['', 'interval'])('a code that the app has set is not overwritten with 0 (%s)', async (scene) => {
  const app = await start('http', { scene: `exit-code:5 ${scene}` });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(5);
});
