import { RawClient, within, type RawResponse } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLOSED_IN_REVERSE, exitOf, get, reportOf, SERVERS, start, told } from './spawned.ts';

const health = { port: 0, host: '127.0.0.1' };

describe.each(SERVERS)('%s', (server) => {
  test('a port of its own answers until the last resource is closed, and keeps no process alive', async () => {
    const app = await start(server, { options: { health, closeTimeout: 400 }, scene: 'hang:database' });
    const url = told(app, 'health')[0]?.slice('health '.length) ?? '';
    expect((await get(app, '/ready')).status).toBe(404);
    const kept = await connectTo(url);
    expect(await kept.get('/ready').response()).toMatchObject({ status: 200, body: '{"status":"pass"}' });
    app.signal('SIGTERM');
    await app.waitForLine('closing database');
    expect(await ask(url, '/ready')).toMatchObject({ status: 503, body: '{"status":"fail","output":"draining"}' });
    expect(await ask(url, '/healthz')).toMatchObject({ status: 200 });
    const { code, ms } = await exitOf(app);
    expect(code).toBe(1);
    expect(ms).toBeLessThan(3000);
    expect(reportOf(app).resources.at(-1)).toMatchObject({ name: 'database', outcome: 'hung' });
    expect(told(app, 'lingering')).toEqual([]);
    await within('the kept connection to end', 1000, kept.closed);
  });

  test('it does not hold a drain that nothing holds', async () => {
    const app = await start(server, { options: { health } });
    const url = told(app, 'health')[0]?.slice('health '.length) ?? '';
    await connectTo(url);
    app.signal('SIGTERM');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(4000);
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
    expect(told(app, 'lingering')).toEqual([]);
  });
});

async function connectTo(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

async function ask(url: string, path: string): Promise<RawResponse> {
  return (await connectTo(url)).get(path).response();
}
