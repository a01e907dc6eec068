import pg from 'pg';
import { eventually } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { needs, ownName, SERVICES } from '../test-services.ts';
import { BatchFlusher } from './batch-flusher.ts';
import { postgres, type Postgres } from './postgres.ts';
import { testDrain } from './test-drain.ts';
import { WriteBehindCache } from './write-behind-cache.ts';

needs('PostgreSQL');

/** A table of its own, and a pool that looks on from outside. */
async function scene(columns: string): Promise<{ db: Postgres; watcher: pg.Pool; table: string }> {
  const table = ownName('recipe');
  const watcher = new pg.Pool({ connectionString: SERVICES.PostgreSQL, max: 1 });
  await watcher.query(`CREATE TABLE ${table} (${columns})`);
  onTestFinished(async () => {
    await watcher.query(`DROP TABLE ${table}`);
    await watcher.end();
  });
  return {
    db: postgres(() => new pg.Pool({ connectionString: SERVICES.PostgreSQL, max: 2 })),
    watcher,
    table,
  };
}

test('a batch flusher writes what it holds, what was added while draining too, each item once, before the pool closes', async () => {
  const { db, watcher, table } = await scene('id integer');
  const batches: number[] = [];
  const flusher = new BatchFlusher<number>({
    name: 'measurements',
    size: 10,
    interval: 60_000,
    write: async (ids) => {
      batches.push(ids.length);
      await db.pool().query(`INSERT INTO ${table} SELECT unnest($1::int[])`, [ids]);
    },
  });
  const drain = testDrain();
  drain.component(db);
  drain.component(flusher.component(['postgres']));
  await drain.startComponents();
  let finish = (): void => {};
  const request = drain.track(() => new Promise<void>((resolve) => (finish = resolve)), 'a request');
  for (let id = 0; id < 25; id += 1) flusher.add(id);

  const done = drain.start('test');
  for (let id = 25; id < 33; id += 1) flusher.add(id);
  finish();
  await request;
  const report = await done;

  expect(report).toMatchObject({ outcome: 'clean' });
  expect(report.resources.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['measurements', 'closed'],
    ['postgres', 'closed'],
  ]);
  const { rows } = await watcher.query(`SELECT id FROM ${table} ORDER BY id`);
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 33 }, (_, id) => id));
  expect(Math.max(...batches)).toBe(10);
});

test('a batch that cannot be written is kept for the next, and a failure at the end is reported', async () => {
  const written: number[][] = [];
  let failures = 1;
  const write = async (ids: readonly number[]): Promise<void> => {
    failures -= 1;
    if (failures >= 0) throw new Error('the table is locked');
    written.push([...ids]);
  };
  const flusher = new BatchFlusher<number>({ name: 'measurements', size: 2, interval: 10, write });
  const drain = testDrain();
  drain.component(flusher.component([]));

  flusher.add(1);
  await eventually('the write to have failed', () => failures === 0);
  flusher.add(2);
  await eventually('the next to have worked', () => written.length === 1);
  failures = 1;
  flusher.add(3);
  const report = await drain.start('test');

  expect(written).toEqual([[1, 2]]);
  expect(report).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    resources: [{ name: 'measurements', outcome: 'failed' }],
  });
});

test('a write-behind cache writes the last value of each key that has changed, before the pool closes', async () => {
  const { db, watcher, table } = await scene('key text PRIMARY KEY, value integer');
  let writes = 0;
  const cache = new WriteBehindCache<number>({
    name: 'counters',
    interval: 60_000,
    write: async (changed) => {
      writes += 1;
      const upsert = 'ON CONFLICT (key) DO UPDATE SET value = excluded.value';
      await db
        .pool()
        .query(`INSERT INTO ${table} SELECT * FROM unnest($1::text[], $2::int[]) ${upsert}`, [
          [...changed.keys()],
          [...changed.values()],
        ]);
    },
  });
  const drain = testDrain();
  drain.component(db);
  drain.component(cache.component(['postgres']));
  await drain.startComponents();
  for (let index = 0; index < 100; index += 1) cache.set(`key ${index % 3}`, index);
  expect(cache.get('key 0')).toBe(99);

  const report = await drain.start('test');

  expect(report).toMatchObject({ outcome: 'clean' });
  expect(report.resources.map(({ name }) => name)).toEqual(['counters', 'postgres']);
  const { rows } = await watcher.query(`SELECT * FROM ${table} ORDER BY key`);
  expect(rows).toEqual([
    { key: 'key 0', value: 99 },
    { key: 'key 1', value: 97 },
    { key: 'key 2', value: 98 },
  ]);
  expect(writes).toBe(1);
});

test('changes that cannot be written are written with the next, with the values they have by then', async () => {
  const written: Record<string, number>[] = [];
  let failures = 1;
  const write = async (changed: ReadonlyMap<string, number>): Promise<void> => {
    failures -= 1;
    if (failures >= 0) throw new Error('no');
    written.push(Object.fromEntries(changed));
  };
  const cache = new WriteBehindCache<number>({ name: 'counters', interval: 10, write });
  const drain = testDrain();
  drain.component(cache.component([]));

  cache.set('a', 1);
  cache.set('b', 1);
  await eventually('the write to have failed', () => failures === 0);
  cache.set('a', 2);
  await drain.start('test');

  expect(written).toEqual([{ a: 2, b: 1 }]);
});
