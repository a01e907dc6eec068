import { expect, test } from 'vitest';
import { exitOf, reportOf, start, told } from './spawned.ts';

const LIFE = ['starting', 'started', 'quiesced', 'closed'];

test('components start in order, and a signal closes them in reverse', async () => {
  const app = await start('components', { env: { CONNECT_MS: '5' }, readyPattern: /^ready$/ });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'started')).toEqual(['started store', 'started queue', 'started consumer']);
  expect(told(app, 'quiesced', 'closed').slice(-3)).toEqual(['closed consumer', 'closed queue', 'closed store']);
  expect(told(app, 'quiesced')).toHaveLength(3);
});

test('a signal in the middle of starting closes what was started, starts nothing more, and is no failure', async () => {
  const app = await start('components', { env: { CONNECT_MS: '600' }, readyPattern: /^starting queue$/ });
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect({ code, output: code === 0 ? '' : app.output }).toEqual({ code: 0, output: '' });
  expect(ms).toBeLessThan(4000);
  expect(told(app, ...LIFE)).toEqual([
    'starting store',
    'started store',
    'starting queue',
    'quiesced store',
    'started queue',
    'quiesced queue',
    'closed queue',
    'closed store',
  ]);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', faults: [] });
});

test('a component that cannot start ends an app that does not catch it with 1, the others closed once', async () => {
  const app = await start('components', {
    env: { CONNECT_MS: '5' },
    scene: 'refuse:queue',
    readyPattern: /^starting queue$/,
  });
  expect((await exitOf(app)).code).toBe(1);
  expect(told(app, ...LIFE)).toEqual([
    'starting store',
    'started store',
    'starting queue',
    'quiesced store',
    'closed store',
  ]);
  expect(reportOf(app)).toMatchObject({ outcome: 'failed', resources: [] });
  expect(reportOf(app).faults.join()).toContain("component 'queue' failed to start: queue refused the connection");
});
