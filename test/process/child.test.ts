import type { SpawnedApp } from '@drainkit/testing';
import { eventually } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { begin, CLOSED_IN_REVERSE, exitOf, reportOf, start, told, type Scene } from './spawned.ts';

function startWith(scene: string, companion: object = {}, rest: Scene = {}): Promise<SpawnedApp> {
  return start('companion', { scene, ...rest, env: { COMPANION: JSON.stringify(companion) } });
}

/** The process id at the end of a line. */
async function pidIn(app: SpawnedApp, pattern: RegExp): Promise<number> {
  return Number((await app.waitForLine(pattern)).split(' ').at(-1));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a child is told when nothing is in flight any more, and waited for', async () => {
  const app = await startWith('child:polite');
  const client = await begin(app, '/slow');
  app.signal('SIGTERM');
  expect(await client.response()).toMatchObject({ status: 200, body: 'slow' });
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'slow', 'child', 'closing').slice(2)).toEqual([
    'slow done',
    'child SIGTERM',
    'child done',
    'closing queue',
    'closing cache',
    'closing database',
  ]);
  const { outcome, resources } = reportOf(app);
  expect({ outcome, child: resources[0] }).toMatchObject({ outcome: 'clean', child: { outcome: 'closed' } });
  expect(resources[0]?.name).toMatch(/^polite \(pid \d+\)$/);
});

test('a child that ignores SIGTERM is killed when its time is up, and named; everything else is closed', async () => {
  const app = await startWith('child:stubborn', { timeout: 300 });
  const pid = await pidIn(app, /^child up/);
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(1);
  expect(ms).toBeGreaterThanOrEqual(300);
  expect(ms).toBeLessThan(3000);
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  const { outcome, resources } = reportOf(app);
  expect(outcome).toBe('failed');
  expect(resources[0]).toMatchObject({ name: `stubborn (pid ${pid})`, outcome: 'hung' });
  expect(told(app, 'lingering')).toEqual([]);
  await eventually('the child to be gone', () => expect(isRunning(pid)).toBe(false));
});

test('a child that takes work of its own is told as soon as the drain begins', async () => {
  const app = await startWith('child:polite', { phase: 'announcing' }, { options: { window: 600 } });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'phase', 'child').slice(1)).toEqual([
    'phase announcing',
    'child SIGTERM',
    'child done',
    'phase draining',
    'phase closing',
    'phase closed',
  ]);
});

test('such a child is work in flight: one that goes on past the deadline is destroyed, and named', async () => {
  const options = { deadline: 200, forceGrace: 50 };
  const app = await startWith('child:stubborn', { phase: 'draining' }, { options });
  const pid = await pidIn(app, /^child up/);
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(1);
  const name = `stubborn (pid ${pid})`;
  expect(reportOf(app)).toMatchObject({ outcome: 'timed-out', atDeadline: [{ name }], aborted: [{ name }] });
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
  await eventually('the child to be gone', () => expect(isRunning(pid)).toBe(false));
});

test('its own timeout comes before the deadline, and is an error in the report', async () => {
  const app = await startWith('child:stubborn', { phase: 'draining', timeout: 200 });
  const pid = await pidIn(app, /^child up/);
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(1);
  expect(ms).toBeLessThan(3000);
  const [first] = reportOf(app).resources;
  expect(first).toMatchObject({ name: `stubborn (pid ${pid})`, outcome: 'failed' });
  expect(first?.error).toMatch(/did not end within 200 ms, and was killed \(DRAIN_PROCESS_KILLED/);
  expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
});

test.each([
  ['polite', 'closed', 0],
  ['plain', 'closed', 0],
  ['failing', 'failed', 1],
] as const)(
  'a child that ends by the signal has obeyed, one that ends with an error has not: %s',
  async (kind, outcome, code) => {
    const app = await startWith(`child:${kind}`);
    app.signal('SIGTERM');
    expect((await exitOf(app)).code).toBe(code);
    expect(reportOf(app).resources[0]).toMatchObject({ outcome });
  },
);

test('a child that has ended by itself is forgotten', async () => {
  const app = await startWith('child:brief');
  await app.waitForLine('brief is over');
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(reportOf(app).resources.map(({ name }) => name)).toEqual(['queue', 'cache', 'database']);
});

test('a detached child is told together with its process group', async () => {
  const app = await startWith('child:group');
  const grandchild = await pidIn(app, /^grandchild/);
  expect(isRunning(grandchild)).toBe(true);
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  await eventually('the grandchild to be gone', () => expect(isRunning(grandchild)).toBe(false));
});

test('a detached child has ended when its whole group has, which may outlive the leader', async () => {
  const app = await startWith('shell:polite');
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'child', 'closing').slice(1)).toEqual([
    'child SIGTERM',
    'child done',
    'closing queue',
    'closing cache',
    'closing database',
  ]);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', resources: [{ outcome: 'closed' }, {}, {}, {}] });
});

test.each([
  ['closing', 'hung'],
  ['draining', 'failed'],
] as const)(
  'what goes on in the group after its leader is killed when the time is up, told while %s',
  async (phase, outcome) => {
    const app = await startWith('shell:stubborn', { phase, timeout: 300 });
    const pid = await pidIn(app, /^child up/);
    app.signal('SIGTERM');
    const { code, ms } = await exitOf(app);
    expect(code).toBe(1);
    expect(ms).toBeGreaterThanOrEqual(300);
    expect(ms).toBeLessThan(3000);
    const { resources } = reportOf(app);
    expect(resources[0]).toMatchObject({ outcome });
    expect(resources[0]?.name).toMatch(/^shell \(pid \d+\)$/);
    expect(told(app, 'closing', 'closed')).toEqual(CLOSED_IN_REVERSE);
    await eventually('the grandchild to be gone', () => expect(isRunning(pid)).toBe(false));
  },
);

test('a child that answers Ctrl+C with the code of SIGINT has obeyed', async () => {
  const app = await startWith('child:interrupted');
  process.kill(await pidIn(app, /^child up/), 'SIGINT');
  app.signal('SIGINT');
  expect((await exitOf(app)).code).toBe(0);
  expect(reportOf(app)).toMatchObject({ outcome: 'clean', resources: [{ outcome: 'closed' }, {}, {}, {}] });
});

test('a second signal ends the process at once, and no child is left behind', async () => {
  const app = await startWith('child:stubborn', { timeout: 5000 });
  const pid = await pidIn(app, /^child up/);
  app.signal('SIGTERM');
  await app.waitForLine('child SIGTERM');
  app.signal('SIGTERM');
  const { code, ms } = await exitOf(app);
  expect(code).toBe(143);
  expect(ms).toBeLessThan(3000);
  await eventually('the child to be gone', () => expect(isRunning(pid)).toBe(false));
});
