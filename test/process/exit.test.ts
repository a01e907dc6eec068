import { within } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { begin, CLOSED_IN_REVERSE, exitOf, get, hasLogger, logged, reportOf, SERVERS, start, told } from './spawned.ts';

describe.each(SERVERS)('%s', (server) => {
  test('an idle app without a window exits with 0, by itself', async () => {
    const app = await start(server);
    app.signal('SIGTERM');
    const { code, signal, ms } = await exitOf(app);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(ms).toBeLessThan(4000);
    expect(reportOf(app)).toMatchObject({ outcome: 'clean', exitCode: 0, trigger: { reason: 'SIGTERM' } });
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
    // Ended because something kept it alive would be code 0, too.
    expect(told(app, 'lingering')).toEqual([]);
    expect(told(app, 'exit')).toEqual(['exit 0']);
  });

  test('an idle app has its window, serves in it, and exits with 0', async () => {
    const app = await start(server, { options: { window: 300 } });
    app.signal('SIGTERM');
    await app.waitForLine('phase announcing');
    expect((await get(app, '/')).headers['connection']).toBe('close');
    expect((await get(app, '/ready')).status).toBe(503);
    expect((await get(app, '/healthz')).status).toBe(200);
    const { code, ms } = await exitOf(app);
    expect(code).toBe(0);
    // Timers may fire a millisecond early by the clock of another process.
    expect(ms).toBeGreaterThanOrEqual(295);
    expect(told(app, 'phase')).toEqual(['announcing', 'draining', 'closing', 'closed'].map((name) => `phase ${name}`));
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  });

  test('SIGINT has no window, however long that is', async () => {
    const app = await start(server, { options: { window: 10_000 } });
    app.signal('SIGINT');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3000);
    expect(reportOf(app)).toMatchObject({ outcome: 'clean', trigger: { reason: 'SIGINT' } });
  });

  test('what is in flight is answered before anything closes, and the code is 0', async () => {
    const app = await start(server);
    const client = await begin(app, '/slow');
    app.signal('SIGTERM');
    expect(await client.response()).toMatchObject({ status: 200, body: 'slow', headers: { connection: 'close' } });
    expect((await exitOf(app)).code).toBe(0);
    expect(told(app, 'slow', 'closing')).toEqual([
      'slow began',
      'slow done',
      'closing queue',
      'closing cache',
      'closing database',
    ]);
    expect(reportOf(app)).toMatchObject({ outcome: 'clean', inFlightAtStart: 1, aborted: [] });
  });

  test('once the deadline has passed, what is in flight is named, everything is closed, and the code is 1', async () => {
    const app = await start(server, { options: { deadline: 300, forceGrace: 100 } });
    const client = await begin(app, '/hang');
    app.signal('SIGTERM');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(1);
    expect(ms).toBeGreaterThanOrEqual(395);
    expect(ms).toBeLessThan(3000);
    expect(['fin', 'reset']).toContain(await within('the connection to end', 1000, client.closed));
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
    const hung = [expect.objectContaining({ name: 'GET /hang' })];
    expect(reportOf(app)).toMatchObject({ outcome: 'timed-out', atDeadline: hung, aborted: hung });
    const lines = hasLogger(server) ? [{ level: 40, work: hung }] : [];
    expect(logged(app, 'deadline')).toMatchObject(lines);
    expect(logged(app, 'destroyed')).toMatchObject(lines);
  });

  test('the drain is over, and the process leaves, before the grace period ends, whatever hangs', async () => {
    const gracePeriod = 2400;
    const app = await start(server, {
      options: { gracePeriod, window: 100, deadline: 300, forceGrace: 100, closeTimeout: 1200 },
      scene: 'hang:all hang:onClose',
    });
    await begin(app, '/hang');
    app.signal('SIGTERM');
    const { code, signal, ms } = await exitOf(app);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    const { aborted, resources, totalMs } = reportOf(app);
    expect(totalMs).toBeLessThan(gracePeriod - 250);
    // Taking a process down is the system's work, and takes as long as that is busy.
    expect(ms).toBeLessThan(gracePeriod * 2);
    expect(aborted).toMatchObject([{ name: 'GET /hang' }]);
    expect(resources.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      ...(server === 'fastify' ? ['fastify hung'] : []),
      'queue hung',
      'cache hung',
      'database hung',
    ]);
    // Each had its turn: one that hangs took no other's time.
    expect(told(app, 'closing')).toEqual(['closing queue', 'closing cache', 'closing database']);
  });

  test('with exit: false the process belongs to the app', async () => {
    const app = await start(server, { options: { exit: false }, scene: 'interval exit-by-hand' });
    app.signal('SIGTERM');
    await app.waitForLine('report');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(7);
    expect(ms).toBeGreaterThanOrEqual(445);
    expect(told(app, 'lingering')).toEqual([]);
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  });

  test('once closed, no listener of the drain is left on the process', async () => {
    const app = await start(server, { options: { exit: false }, scene: 'interval exit-by-hand', ipc: true });
    app.signal('SIGTERM');
    await exitOf(app);
    const [during, after] = told(app, 'listeners').map(
      (line) => JSON.parse(line.slice('listeners '.length)) as Record<string, number>,
    );
    expect(during).toMatchObject({ SIGTERM: 1, SIGINT: 1, message: 1, uncaughtException: 1, unhandledRejection: 1 });
    expect(Object.values(after ?? { none: NaN })).toEqual(Object.keys(during ?? {}).map(() => 0));
  });
});
