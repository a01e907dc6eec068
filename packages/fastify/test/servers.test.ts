import dns from 'node:dns';
import { createServer } from 'node:http';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { eventually, fakeHost, RawClient, reached, within } from '@drainkit/testing';
import { drainPlugin } from '@drainkit/fastify';
import { fastify, type FastifyInstance } from 'fastify';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect, done, drainedApp, inFlight, stopped, WINDOW } from './drained-app.ts';

/** Whether ::1 can be listened on here. */
const hasIpv6 = await new Promise<boolean>((resolve) => {
  const probe = createNetServer().once('error', () => resolve(false));
  probe.listen(0, '::1', () => probe.close(() => resolve(true)));
});

/** Has `localhost` stand for both addresses, whatever this machine's hosts file says. */
function resolveBoth(): void {
  const real = dns.lookup as unknown as (...args: unknown[]) => void;
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  const lookup = (host: unknown, options: unknown, answer: unknown): void => {
    const wantsAll = typeof options === 'object' && options !== null && 'all' in options && options.all === true;
    if (host !== 'localhost' || !wantsAll || typeof answer !== 'function') return real(host, options, answer);
    (answer as (error: null, found: object[]) => void)(null, both);
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
  onTestFinished(() => void vi.restoreAllMocks());
}

function addressesOf(app: FastifyInstance): AddressInfo[] {
  return app.addresses().filter((address) => typeof address !== 'string');
}

/** What comes of connecting. */
async function knock(host: string, port: number): Promise<unknown> {
  try {
    await using _client = await RawClient.connect({ host, port });
    return 'accepted';
  } catch (error) {
    return (error as { reason?: unknown }).reason;
  }
}

describe('listening on localhost', () => {
  // Fastify binds both 127.0.0.1 and ::1 then; without ::1 there is nothing to prove, and the report says 'skipped'.
  test.skipIf(!hasIpv6)('both servers announce, and both are drained', async () => {
    const { app, host, release, waiting } = await drainedApp();
    resolveBoth();
    await app.listen({ port: 0, host: 'localhost' });
    const addresses = addressesOf(app);
    expect(new Set(addresses.map(({ address }) => address))).toEqual(new Set(['127.0.0.1', '::1']));
    const clients = await Promise.all(addresses.map(({ address, port }) => connect({ port, host: address })));
    for (const client of clients) client.get('/slow');
    await inFlight(app, 2);
    host.signal('SIGTERM');
    for (const { address, port } of addresses) {
      const answer = await (await connect({ port, host: address })).get('/').response();
      expect([answer.status, answer.headers['connection']]).toEqual([200, 'close']);
    }
    await host.advance(WINDOW);
    for (const { address, port } of addresses) {
      await eventually('the listener to close', async () => (await knock(address, port)) === 'refused');
    }
    expect([app.drain.phase, waiting()]).toEqual(['draining', 2]);
    release();
    for (const client of clients) {
      const { body, headers } = await client.response();
      expect([body, headers['connection']]).toEqual(['slow', 'close']);
      expect(await within('the connection to end', 5_000, client.closed)).toBe('fin');
    }
    expect((await done(app)).outcome).toBe('clean');
  });

  test.skipIf(!hasIpv6)('app.close() waits for a request on either of them', async () => {
    const { app, release } = await drainedApp();
    resolveBoth();
    await app.listen({ port: 0, host: 'localhost' });
    const clients = await Promise.all(addressesOf(app).map(({ address, port }) => connect({ port, host: address })));
    for (const client of clients) client.get('/slow');
    await inFlight(app, 2);
    const order: string[] = [];
    app.drain.resource('database', () => order.push('database'));
    const closing = app.close();
    await reached(app.drain, 'draining');
    expect(order).toEqual([]);
    release();
    for (const client of clients) expect((await client.response()).body).toBe('slow');
    await within('app.close()', 5_000, closing);
    expect(order).toEqual(['database']);
  });
});

describe('serverFactory', () => {
  test('a server of one’s own is drained like any other', async () => {
    const host = fakeHost();
    const app = fastify({
      serverFactory: (handler) => createServer((request, response) => handler(request, response)),
    });
    onTestFinished(() => void app.server.close());
    await app.register(drainPlugin, { host });
    let finish = (): void => {};
    app.get('/', () => new Promise((resolve) => (finish = () => resolve('slow'))));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const client = (await connect(app.server)).get('/');
    await inFlight(app, 1);
    host.signal('SIGTERM');
    expect((await (await connect(app.server)).get('/ready').response()).status).toBe(503);
    await host.advance(WINDOW);
    await stopped(app);
    finish();
    const { body, headers } = await client.response();
    expect([body, headers['connection']]).toEqual(['slow', 'close']);
    expect((await done(app)).outcome).toBe('clean');
    expect(host.exitCode).toBe(0);
  });
});

describe('a handler that goes on after its client has left', () => {
  test('is waited for before anything closes, and named at the deadline', async () => {
    const { app, host, release } = await drainedApp({ window: 0, deadline: 1_000 });
    const order: string[] = [];
    app.drain.resource('database', () => order.push('database'));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const clients = [await connect(app.server), await connect(app.server)];
    clients[0]?.get('/slow');
    clients[1]?.get('/hang');
    await inFlight(app, 2);
    for (const client of clients) client.reset();
    host.signal('SIGTERM');
    await host.advance(500);
    expect([app.drain.phase, app.drain.inFlight]).toEqual(['draining', 2]);
    release();
    await inFlight(app, 1);
    expect(order).toEqual([]);
    await host.advance(1_000);
    const { outcome, aborted } = await done(app);
    expect([outcome, aborted.map(({ name }) => name)]).toEqual(['timed-out', ['GET /hang']]);
    expect(order).toEqual(['database']);
  });
});
