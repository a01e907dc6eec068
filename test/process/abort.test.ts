import { describe, expect, test } from 'vitest';
import { begin, exitOf, reportOf, request, SERVERS, start, told } from './spawned.ts';

describe.each(SERVERS)('%s', (server) => {
  test('abort() exits at once with its code, and closes nothing', async () => {
    const app = await start(server);
    await begin(app, '/hang');
    const client = await request(app, '/abort');
    const { code } = await exitOf(app);
    expect(code).toBe(3);
    expect(['fin', 'reset']).toContain(await client.closed);
    expect(told(app, 'closing', 'closed', 'onClose')).toEqual([]);
    const { outcome, exitCode, trigger, totalMs } = reportOf(app);
    expect({ outcome, exitCode, reason: trigger.reason }).toEqual({
      outcome: 'forced',
      exitCode: 3,
      reason: 'abort: lost the lock',
    });
    expect(totalMs).toBeLessThan(200);
  });
});
