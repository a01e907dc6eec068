import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';

/** Only root may, and not everywhere. */
const NAMESPACE = ['--pid', '--fork', '--kill-child', '--mount-proc'];
const why = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0 ? undefined : 'no pid namespace can be made here';

/** Runs the app as the first process of a pid namespace, as in a container, which sends itself a signal once it listens. */
async function runAsFirst(
  name: 'http' | 'companion',
  signal: string,
  scene = '',
): Promise<{ readonly code: unknown; readonly lines: readonly string[] }> {
  const app = fileURLToPath(new URL(`./apps/${name}-app.ts`, import.meta.url));
  const importFirst = `data:text/javascript,console.log('pid ' + process.pid)`;
  const typescript = 'typescript' in process.features ? [] : ['--import', 'tsx'];
  const child = spawn('unshare', [...NAMESPACE, process.execPath, ...typescript, '--import', importFirst, app], {
    env: { ...process.env, OPTIONS: '{"window":0}', SCENE: scene },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (!line.startsWith('listening on')) continue;
    // From outside it has another id, and is the only child of unshare.
    const [pid] = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    process.kill(Number(pid), signal);
  }
  const [code] = await within('the namespace to end', 20_000, exited);
  return { code, lines };
}

test.for(['SIGTERM', 'SIGINT'])(
  '%s drains the first process of a container, which ends with 0',
  async (signal, { skip }) => {
    skip(why !== undefined, why);
    const { code, lines } = await runAsFirst('http', signal);
    expect(lines).toContain('pid 1');
    expect(lines).toContain('phase closed');
    expect(lines.filter((line) => line.startsWith('closed '))).toHaveLength(3);
    expect(code).toBe(0);
  },
);

test('what ends in the group of a child, and is collected by nobody, is not waited for', async ({ skip }) => {
  skip(why !== undefined, why);
  const { code, lines } = await runAsFirst('companion', 'SIGTERM', 'shell:polite');
  expect(lines).toContain('pid 1');
  expect(lines).toContain('child done');
  const report = JSON.parse(lines.find((line) => line.startsWith('report '))?.slice('report '.length) ?? '') as unknown;
  expect(report).toMatchObject({ outcome: 'clean', resources: [{ outcome: 'closed' }, {}, {}, {}] });
  expect(code).toBe(0);
});
