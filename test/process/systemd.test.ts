import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { missing } from '../load/balancer.ts';
import { exitOf, reportOf, start, told } from './spawned.ts';

const why = missing('systemd-notify') ?? missing('python3');

/** A unix datagram socket, as systemd has it, which Node cannot open. Returns its path, and the lines that have come. */
async function notifySocket(): Promise<{ readonly path: string; readonly lines: readonly string[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'drainkit-systemd-'));
  const path = join(directory, 'notify');
  const script = `
import socket
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(${JSON.stringify(path)})
print("bound", flush=True)
while True:
    for line in receiver.recv(4096).decode().splitlines():
        print(line, flush=True)
`;
  const receiver = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    receiver.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });
  const lines: string[] = [];
  const printed = createInterface(receiver.stdout);
  await once(printed, 'line');
  printed.on('line', (line) => {
    // By which the tool itself knows that it was heard.
    if (line !== 'BARRIER=1') lines.push(line);
  });
  return { path, lines };
}

test('systemd is told when the process is ready, when it stops, and for how long that may take', async ({ skip }) => {
  skip(why !== undefined, why);
  const { path, lines } = await notifySocket();
  const app = await start('systemd', { options: { gracePeriod: 12_000 }, env: { NOTIFY_SOCKET: path } });
  await eventually('READY', () => expect(lines).toEqual(['READY=1', 'STATUS=serving']), { timeout: 20_000 });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  await eventually(
    'STOPPING',
    () => expect(lines.slice(2)).toEqual(['STOPPING=1', 'EXTEND_TIMEOUT_USEC=12000000', 'STATUS=draining: SIGTERM']),
    { timeout: 20_000 },
  );
});

test('a process that systemd has not started tells nobody', async () => {
  const app = await start('systemd', { env: { NOTIFY_SOCKET: undefined } });
  expect(told(app, 'notifies')).toEqual(['notifies false']);
});

test('where the tool is missing there is a warning, and the drain is as ever', async () => {
  const app = await start('systemd', { env: { NOTIFY_SOCKET: '/nowhere/notify', PATH: '/nowhere' } });
  await eventually('a warning', () => expect(app.output).toContain('systemd-notify'), { timeout: 20_000 });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
});

test('a cluster whose workers cannot start ends with the fault that it is, and systemd is not told READY', async () => {
  const broken = fileURLToPath(import.meta.url);
  const env = { NOTIFY_SOCKET: '/nowhere/notify', PRIMARY: '{"workers":1}', BROKEN: broken };
  const app = await start('cluster', { scene: 'systemd', env, readyPattern: /^starting$/ });
  expect((await exitOf(app)).code).toBe(1);
  expect(app.stderr.join('\n')).toContain('before it was ready (DRAIN_WORKER_FAILED');
  expect(reportOf(app)).toMatchObject({ outcome: 'failed', trigger: { kind: 'fault' } });
  expect(told(app, 'systemd')).toEqual([expect.stringContaining('STOPPING=1')]);
});

test('a drain that stops the start of a cluster is no failure', async () => {
  const env = { NOTIFY_SOCKET: '/nowhere/notify', PRIMARY: '{"workers":1}' };
  const app = await start('cluster', { scene: 'systemd', env, readyPattern: /^starting$/ });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(told(app, 'systemd')).toEqual([expect.stringContaining('STOPPING=1')]);
});
