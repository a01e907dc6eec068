import { freePort, spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { missing } from './balancer.ts';
import { countFrom } from './load.ts';
import { Pm2 } from './pm2.ts';
import { startWrk } from './wrk.ts';

const RELOADS = countFrom('DRAINKIT_RELOADS', 5);

/** How many requests there have to be in a reload for 'none failed' to say something. */
const LEAST_REQUESTS = 4_000;

const CLUSTER = new URL('../process/apps/cluster-app.ts', import.meta.url);
const why = missing('wrk');

async function startCluster(scene: string): Promise<SpawnedApp> {
  const app = await spawnApp(CLUSTER, {
    env: { PRIMARY: JSON.stringify({ workers: 2 }), OPTIONS: JSON.stringify({ window: 500 }), SCENE: scene },
    startTimeout: 30_000,
  });
  onTestFinished(() => app.kill());
  return app;
}

/** Sends SIGHUP, and waits for the end of what it began. */
async function reload(app: SpawnedApp, count: number): Promise<void> {
  const ended = (): number => app.stdout.filter((line) => /^cluster .*"reload-(done|failed)"/.test(line)).length;
  app.signal('SIGHUP');
  const wait = async (): Promise<void> => {
    while (ended() < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await within(`reload ${count} to end`, 60_000, wait());
}

test.for([
  { name: 'connections are handed out by the primary', scene: '', reloads: RELOADS },
  { name: 'workers accept for themselves (SCHED_NONE)', scene: 'shared', reloads: Math.ceil(RELOADS / 2) },
])(
  'no request of wrk fails through rolling reloads of a cluster: $name',
  { timeout: 60_000 + RELOADS * 20_000 },
  async ({ scene, name, reloads }, { skip }) => {
    skip(why !== undefined, why);
    const app = await startCluster(scene);
    const wrk = startWrk(`${app.url}/pid`, 50);
    for (let count = 1; count <= reloads; count += 1) await reload(app, count);
    const figures = await wrk.stop();
    app.signal('SIGTERM');
    const { code } = await within('the cluster to exit', 30_000, app.exited);

    const done = app.stdout.filter((line) => line.includes('"reload-done"')).length;
    console.log(`${reloads} reloads, ${name}: ${JSON.stringify(figures)}`);
    expect(figures).toMatchObject({ socketErrors: 0, non200: 0 });
    expect(figures.requests).toBeGreaterThanOrEqual(LEAST_REQUESTS * reloads);
    expect(done).toBe(reloads);
    expect(code).toBe(0);
    const exits = app.stdout.filter((line) => line.includes('"type":"exit"'));
    expect(exits).toHaveLength(2 * reloads + 2);
    expect(exits.every((line) => line.includes('"code":0'))).toBe(true);
  },
);

test("no request of wrk fails through pm2's reloads", { timeout: 60_000 + RELOADS * 30_000 }, async ({ skip }) => {
  skip(why !== undefined, why);
  const port = await freePort();
  const pm2 = await Pm2.create();
  await pm2.start(port, { wait_ready: true });
  const wrk = startWrk(`http://127.0.0.1:${port}/`, 50);
  for (let count = 0; count < RELOADS; count += 1) await pm2.reload();
  const figures = await wrk.stop();

  console.log(`${RELOADS} reloads of pm2: ${JSON.stringify(figures)}`);
  expect(figures).toMatchObject({ socketErrors: 0, non200: 0 });
  expect(figures.requests).toBeGreaterThanOrEqual(LEAST_REQUESTS * RELOADS);
  const reports = await pm2.reports();
  expect(reports).toHaveLength(2 * RELOADS);
  expect(reports.every(({ outcome }) => outcome === 'clean')).toBe(true);
});
