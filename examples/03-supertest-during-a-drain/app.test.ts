/**
 * Testing your own app while it drains, with supertest. `fakeHost()` holds the time, the signals and the exit: a drain goes
 * no further than the test lets it, so there is nothing to race against and no five seconds to sit through.
 *
 *     pnpm test examples/03-supertest-during-a-drain/app.test.ts
 *
 * One thing to know: once the drain has closed the listener there is no new connection to be had, by anybody. What is tested
 * from then on is what was already under way: a request in flight, a connection that is open.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createDrain, type DrainOptions, type ExpressDrain } from '@drainkit/express';
import { eventually, fakeHost, RawClient, reached, within, type FakeHost } from '@drainkit/testing';
import request, { type Response } from 'supertest';
import { afterEach, expect, test } from 'vitest';
import { createApp, type Database } from './app.ts';

/** A database that answers when the test says so. */
class FakeDatabase implements Database {
  closed = false;
  asked = 0;
  readonly #answers: ((item: string) => void)[] = [];

  find(): Promise<string> {
    this.asked += 1;
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  answer(item: string): void {
    for (const resolve of this.#answers.splice(0)) resolve(item);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

interface Running {
  readonly host: FakeHost;
  readonly drain: ExpressDrain;
  readonly database: FakeDatabase;
  readonly server: Server;
}

let running: Running | undefined;

async function start(options: DrainOptions = {}): Promise<Running> {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: '5s', ...options });
  const database = new FakeDatabase();
  const server = drain.attach(createServer(createApp(drain, database)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running = { host, drain, database, server };
  return running;
}

afterEach(async () => {
  running?.database.answer('the end of the test');
  await running?.drain.close();
});

test('while serving, the app is ready and connections are kept', async () => {
  const { server } = await start();

  await request(server).get('/ready').expect(200, { status: 'pass' });
  const response = await request(server).get('/').set('Connection', 'keep-alive').expect(200, 'hello');
  expect(response.headers['connection']).toBe('keep-alive');
});

test('while announcing, /ready is 503, the app is alive, requests are served, and clients are asked to leave', async () => {
  const { host, drain, database, server } = await start();

  host.signal('SIGTERM');
  await reached(drain, 'announcing');
  await request(server).get('/ready').expect(503, { status: 'fail', output: 'draining' });
  await request(server).get('/healthz').expect(200);
  await request(server).get('/').set('Connection', 'keep-alive').expect(200, 'hello').expect('Connection', 'close');

  await host.advance(4_999);
  expect(drain.phase).toBe('announcing');
  expect(database.closed).toBe(false);
});

test('a request that is in flight when the window ends is answered before the database closes', async () => {
  const { host, drain, database, server } = await start();
  const order = send(request(server).get('/orders/1').set('Connection', 'keep-alive'));
  await eventually('the request to reach the database', () => database.asked === 1);

  host.signal('SIGTERM');
  await host.advance(5_000);
  await reached(drain, 'draining');
  expect(drain.phase).toBe('draining');
  expect(database.closed).toBe(false);

  database.answer('a lamp');
  const { status, body, headers } = await within('the order', 5_000, order);
  expect({ status, body, connection: headers['connection'] }).toEqual({
    status: 200,
    body: { item: 'a lamp' },
    connection: 'close',
  });
  await reached(drain, 'closed');
  expect(database.closed).toBe(true);
});

test('a request that comes on an open connection after the window is served', async () => {
  const { host, drain, database, server } = await start();
  const [busy, open] = [await RawClient.connect(server), await RawClient.connect(server)];
  await open.get('/').response();
  busy.get('/orders/1');
  await eventually('the request to reach the database', () => database.asked === 1);

  host.signal('SIGTERM');
  await host.advance(5_000);
  await reached(drain, 'draining');
  const late = await open.get('/').response();
  expect(late).toMatchObject({ status: 200, headers: { connection: 'close' } });

  database.answer('a lamp');
  const { servedLate, outcome } = await within('the report', 5_000, drain.done);
  expect({ servedLate, outcome }).toEqual({ servedLate: 1, outcome: 'clean' });
});

test('an app that is told to refuse requests during the window answers them with 503 and Retry-After', async () => {
  const { host, drain, server } = await start({ refuseDuringWindow: true, retryAfter: '2s' });

  host.signal('SIGTERM');
  await reached(drain, 'announcing');
  const response = await request(server).get('/').expect(503).expect('Retry-After', '2');
  expect(response.headers['connection']).toBe('close');
});

test('at the end the database is closed, the report is clean, and the process would end with code 0', async () => {
  const { host, drain, database } = await start();

  host.signal('SIGTERM');
  await host.advance(5_000);
  await reached(drain, 'closed');
  const report = await drain.done;
  expect(database.closed).toBe(true);
  expect(report.outcome).toBe('clean');
  expect(report.resources).toMatchObject([{ name: 'database', outcome: 'closed' }]);
  expect(host.exitCode).toBe(0);
});

/** supertest sends a request only once somebody waits for it. */
function send(pending: PromiseLike<Response>): Promise<Response> {
  return Promise.resolve(pending);
}
