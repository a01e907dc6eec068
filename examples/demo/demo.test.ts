import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, spawnApp, within, type AppExit, type SpawnedApp } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { findHaproxy } from './haproxy.ts';

/** A run takes 15 s, and much longer where processors are few and busy. In milliseconds. */
const LONGEST_RUN = 90_000;
const timeout = LONGEST_RUN + 40_000;

function start(env: Record<string, string>): Promise<SpawnedApp> {
  return spawnApp(new URL('demo.ts', import.meta.url), {
    env: { DEMO_SECONDS: '1.5', ...env },
    readyPattern: /requests a second/,
    startTimeout: 30_000,
  });
}

async function run(env: Record<string, string>): Promise<AppExit & { readonly output: string }> {
  await using demo = await start(env);
  const exit = await within('the demo to end', LONGEST_RUN, demo.exited);
  return { ...exit, output: demo.output };
}

function expectNothingLost({ code, output }: { code: number | null; output: string }): void {
  expect(output).toMatch(/^ {2}served +[1-9]/m);
  expect(output).toMatch(/^ {2}dropped +0 /m);
  expect(output).toMatch(/^ {2}refused +0 /m);
  expect(output).toMatch(/^ {2}exit codes +one 0, two 0$/m);
  expect(output.match(/^drain: clean in /gm)).toHaveLength(2);
  expect(code).toBe(0);
}

test('behind HAProxy, a rolling restart drops and refuses nothing', { timeout }, async (context) => {
  if ((await findHaproxy()) === undefined && process.env['DRAINKIT_REQUIRE_SERVICES'] !== '1') {
    return context.skip('haproxy is not installed');
  }

  const result = await run({ DEMO_BALANCER: 'haproxy' });
  expect(result.output).toContain('behind HAProxy');
  expectNothingLost(result);
});

test('behind the built-in balancer, a rolling restart drops and refuses nothing', { timeout }, async () => {
  const result = await run({ DEMO_BALANCER: 'builtin' });
  expect(result.output).toContain('behind the built-in balancer');
  expectNothingLost(result);
});

test('without the drain, the same restart loses requests, and the demo says so', { timeout }, async () => {
  const { code, output } = await run({ DEMO_BALANCER: 'builtin', DRAIN_ENABLED: 'false' });
  expect(output).toMatch(/at the cost of/);
  expect(output).toMatch(/^ {2}exit codes +one SIGTERM, two SIGTERM$/m);
  expect(code).toBe(1);
});

test('Ctrl+C ends the demo and everything that it has started', { timeout }, async () => {
  await using demo = await start({ DEMO_SECONDS: '90' });
  const pids = (await childrenOf(demo.pid)).filter(isAlive);

  demo.signal('SIGINT');
  const { code } = await within('the demo to end', 10_000, demo.exited);
  expect(code).toBe(130);
  expect(pids.length).toBeGreaterThanOrEqual(2);
  await eventually('the processes of the demo to be gone', () => !pids.some(isAlive));
});

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return rows.filter(([, ppid]) => ppid === parent).map(([pid = 0]) => pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
