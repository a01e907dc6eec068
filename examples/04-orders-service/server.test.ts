import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DrainReport } from '@drainkit/core';
import { spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, type DatabaseOptions } from './database.ts';
import { testSchema } from './test-schema.ts';

const CLIENTS = 20;
/** How long orders come before the signal, and the most that clients go on for, in milliseconds. */
const LOAD = 1_500;
const LONGEST_LOAD = 10_000;

/** Starting PGlite takes seconds where processors are few. */
const timeout = 120_000;

/** What comes of a SIGTERM in the middle of the load. */
interface Outcome {
  readonly code: number | null;
  readonly outcome: string;
  /** In order. */
  readonly closed: readonly string[];
  /** The status of each answer that was not 201. */
  readonly rejected: readonly number[];
  /** Accepted orders that are not in the database, or more than once. */
  readonly notStoredOnce: readonly string[];
  readonly receiptsSentTwice: number;
}

const NOTHING_LOST: Outcome = {
  code: 0,
  outcome: 'clean',
  closed: ['fastify', 'receipts', 'database'],
  rejected: [],
  notStoredOnce: [],
  receiptsSentTwice: 0,
};

test('on PGlite, every order that was accepted through a SIGTERM is stored exactly once', { timeout }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'drainkit-orders-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));

  expect(await drainUnderLoad({ directory: join(directory, 'data') })).toEqual(NOTHING_LOST);
});

test(
  'on PostgreSQL, every order that was accepted through a SIGTERM is stored exactly once',
  { timeout },
  async (context) => {
    const schema = await testSchema();
    if (schema === undefined) return context.skip('no PostgreSQL at DATABASE_URL or 127.0.0.1:5432');
    onTestFinished(schema.drop);

    expect(await drainUnderLoad({ databaseUrl: schema.url })).toEqual(NOTHING_LOST);
  },
);

test(
  'on PostgreSQL, connections that break cost the orders on them, and neither others nor the service',
  { timeout },
  async (context) => {
    const schema = await testSchema();
    if (schema === undefined) return context.skip('no PostgreSQL at DATABASE_URL or 127.0.0.1:5432');
    onTestFinished(schema.drop);

    const { rejected, ...outcome } = await drainUnderLoad({ databaseUrl: schema.url }, schema.terminate);

    expect(new Set(rejected)).toEqual(new Set([500]));
    expect({ ...outcome, rejected: [] }).toEqual(NOTHING_LOST);
  },
);

test(
  'an order can be looked up, one that is not there is 404, one that makes no sense is 400',
  { timeout },
  async () => {
    await using app = await start({});
    const place = (order: object): Promise<Response> =>
      fetch(`${app.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
      });

    const placed = await place({ item: 'lamp', quantity: 2 });
    expect(placed.status).toBe(201);
    const found = await fetch(`${app.url}${placed.headers.get('location')}`);
    expect(await found.json()).toEqual({ id: 1, item: 'lamp', quantity: 2 });
    expect((await fetch(`${app.url}/orders/2`)).status).toBe(404);
    expect((await place({ item: 'lamp', quantity: 0 })).status).toBe(400);
  },
);

/** Sends SIGTERM while clients place orders, waits until the service is gone, and looks into the database. */
async function drainUnderLoad(options: DatabaseOptions, underLoad?: () => Promise<void>): Promise<Outcome> {
  await using app = await start(options);
  const load = placeOrders(app.url);
  await new Promise((resolve) => setTimeout(resolve, LOAD / 2));
  await underLoad?.();
  await new Promise((resolve) => setTimeout(resolve, LOAD / 2));

  app.signal('SIGTERM');
  const { code } = await within('the service to exit', 15_000, app.exited);
  const { accepted, rejected } = await within('the clients to stop', 5_000, load);
  const report = app.logs.find(({ drain }) => drain === 'report')?.['report'] as DrainReport;
  const rows = await storedOrders(options);
  // Without these, what is asserted would be true of a service that did nothing.
  expect(accepted.length).toBeGreaterThan(CLIENTS);
  expect(rows.some(({ sent }) => sent === 1)).toBe(true);

  const times = new Map<string, number>();
  for (const { item } of rows) times.set(item, (times.get(item) ?? 0) + 1);
  return {
    code,
    outcome: report.outcome,
    closed: report.resources.map(({ name }) => name),
    rejected,
    notStoredOnce: accepted.filter((item) => times.get(item) !== 1),
    receiptsSentTwice: rows.filter(({ sent }) => sent > 1).length,
  };
}

async function storedOrders(options: DatabaseOptions): Promise<{ item: string; sent: number }[]> {
  const database = await openDatabase(options);
  try {
    return await database.query('SELECT item, sent FROM orders JOIN receipts ON order_id = id');
  } finally {
    await database.close();
  }
}

function start({ databaseUrl, directory }: DatabaseOptions): Promise<SpawnedApp> {
  return spawnApp(new URL('server.ts', import.meta.url), {
    env: { PORT: '0', DRAIN_WINDOW: '500ms', DATABASE_URL: databaseUrl, ORDERS_DIR: directory },
    startTimeout: 60_000,
  });
}

/** Clients that place orders, each with an item of its own, until the service is gone: until it refuses connections. */
async function placeOrders(url: string): Promise<{ accepted: string[]; rejected: number[] }> {
  const dispatcher = new Agent({ connections: CLIENTS, pipelining: 1 });
  const accepted: string[] = [];
  const rejected: number[] = [];
  const until = Date.now() + LONGEST_LOAD;
  const client = async (): Promise<void> => {
    while (Date.now() < until) {
      const item = randomUUID();
      const body = JSON.stringify({ item, quantity: 1 });
      const headers = { 'content-type': 'application/json' };
      try {
        const response = await request(`${url}/orders`, { method: 'POST', headers, body, dispatcher });
        await response.body.dump();
        if (response.statusCode === 201) accepted.push(item);
        else rejected.push(response.statusCode);
      } catch {
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await dispatcher.destroy();
  return { accepted, rejected };
}
