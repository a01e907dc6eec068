import pg from 'pg';
import type { Drain, DrainOptions } from '@drainkit/core';
import { eventually, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { postgres, transaction, type Postgres } from './postgres.ts';
import { startAgain, testDrain } from './test-drain.ts';

needs('PostgreSQL');

/** Looks on from outside: a table of its own, and who is connected. */
interface Scene {
  readonly db: Postgres;
  readonly table: string;
  readonly rows: () => Promise<number>;
  readonly clients: () => Promise<number>;
  /** Ends every connection of the pool, as a failover does. */
  readonly terminate: () => Promise<number>;
}

async function scene(): Promise<Scene> {
  const table = ownName('recipe');
  const watcher = new pg.Pool({ connectionString: SERVICES.PostgreSQL, max: 1 });
  await watcher.query(`CREATE TABLE ${table} (id integer)`);
  onTestFinished(async () => {
    await watcher.query(`DROP TABLE ${table}`);
    await watcher.end();
  });
  const count = async (query: string): Promise<number> => Number((await watcher.query(query)).rows[0].count);
  return {
    db: postgres(
      () =>
        new pg.Pool({
          connectionString: SERVICES.PostgreSQL,
          application_name: table,
          connectionTimeoutMillis: 2_000,
        }),
    ),
    table,
    rows: () => count(`SELECT count(*) FROM ${table}`),
    clients: () => count(`SELECT count(*) FROM pg_stat_activity WHERE application_name = '${table}'`),
    terminate: () =>
      count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '${table}'`),
  };
}

/** A scene whose pool is open. */
async function started(options: DrainOptions = {}): Promise<Scene & { readonly drain: Drain }> {
  const it = await scene();
  const drain = testDrain(options);
  drain.component(it.db);
  await drain.startComponents();
  return { ...it, drain };
}

test('a transaction that is in flight when the drain begins is committed, and then the pool closes', async () => {
  const { db, table, rows, clients, drain } = await started();
  const transfer = drain.track(
    () =>
      transaction(db.pool(), async (client) => {
        await client.query(`INSERT INTO ${table} VALUES (1)`);
        await client.query('SELECT pg_sleep(0.3)');
        await client.query(`INSERT INTO ${table} VALUES (2)`);
      }),
    'a transfer',
  );
  await eventually(
    'the transaction to have begun',
    async () => db.pool().idleCount === 0 && db.pool().totalCount === 1,
  );

  const report = await drain.start('test');
  await transfer;

  expect(report).toMatchObject({ outcome: 'clean', resources: [{ name: 'postgres', outcome: 'closed' }] });
  expect(await rows()).toBe(2);
  await eventually('the server to see no client any more', async () => (await clients()) === 0);
});

test('a transaction that fails is rolled back, and gives its connection back', async () => {
  const { db, table, rows, drain } = await started();

  const failing = transaction(db.pool(), async (client) => {
    await client.query(`INSERT INTO ${table} VALUES (1)`);
    throw new Error('no');
  });

  await expect(failing).rejects.toThrow('no');
  expect(await rows()).toBe(0);
  expect((await drain.start('test')).resources).toMatchObject([{ name: 'postgres', outcome: 'closed' }]);
});

test('a connection that breaks while a query runs fails its transaction with the reason, and is replaced', async () => {
  const { db, table, rows, terminate, drain } = await started();

  const broken = transaction(db.pool(), async (client) => {
    await client.query(`INSERT INTO ${table} VALUES (1)`);
    await Promise.all([client.query('SELECT pg_sleep(10)'), terminate()]);
  });

  await expect(within('the transaction', 5_000, broken)).rejects.toMatchObject({ code: '57P01' });
  await transaction(db.pool(), (client) => client.query(`INSERT INTO ${table} VALUES (2)`));
  expect(await rows()).toBe(1);
  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
});

test('a connection that breaks between two queries fails its transaction, and not the process', async () => {
  const { db, table, rows, terminate, drain } = await started();

  const broken = transaction(db.pool(), async (client) => {
    await client.query(`INSERT INTO ${table} VALUES (1)`);
    // Not `once`, which listens for 'error' too, and would hide that nobody else does.
    const gone = new Promise<void>((resolve) => client.on('end', resolve));
    await terminate();
    await within('the connection to end', 5_000, gone);
  });

  await expect(broken).rejects.toMatchObject({ cause: { code: '57P01' } });
  await transaction(db.pool(), (client) => client.query(`INSERT INTO ${table} VALUES (2)`));
  expect(await rows()).toBe(1);
  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
});

test('a rollback that fails does not hide what the transaction failed with', async () => {
  const { db, terminate } = await started();

  const failing = transaction(db.pool(), async () => {
    await terminate();
    throw new Error('no');
  });

  await expect(failing).rejects.toThrow('no');
  expect(db.pool().totalCount).toBe(0);
});

test('a transaction that never ends is named, does not hold the drain for ever, and is not committed', async () => {
  const { db, table, rows, drain } = await started({ deadline: 200, forceGrace: 50, closeTimeout: 200 });
  let giveUp = (_error: Error): void => {};
  const stuck = drain.track(
    () =>
      transaction(db.pool(), async (client) => {
        await client.query(`INSERT INTO ${table} VALUES (1)`);
        await new Promise((_resolve, reject) => (giveUp = reject));
      }),
    'a transfer',
  );
  await eventually(
    'the transaction to have begun',
    async () => db.pool().idleCount === 0 && db.pool().totalCount === 1,
  );

  const report = await drain.start('test');

  expect(report).toMatchObject({ exitCode: 1, resources: [{ name: 'postgres', outcome: 'hung' }] });
  expect(report.aborted).toMatchObject([{ name: 'a transfer' }]);
  expect(await rows()).toBe(0);
  giveUp(new Error('the process is gone'));
  await expect(stuck).rejects.toThrow('the process is gone');
});

test('a start without a database fails', async () => {
  const drain = testDrain();
  drain.component(postgres(() => new pg.Pool({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 1_000 })));

  await expect(drain.startComponents()).rejects.toMatchObject({ code: 'DRAIN_START_FAILED' });
});

test('a pool that was closed because another failed to start can be started again', async () => {
  const { db, table, rows, clients } = await scene();
  const drain = testDrain();
  drain.component(db);

  await startAgain(drain);
  await transaction(db.pool(), (client) => client.query(`INSERT INTO ${table} VALUES (1)`));

  expect(await rows()).toBe(1);
  expect(await drain.start('test')).toMatchObject({ outcome: 'clean' });
  await eventually('the server to see no client any more', async () => (await clients()) === 0);
});
