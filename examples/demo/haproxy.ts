import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { eventually, freePort, within } from '@drainkit/testing';
import { CHECK_INTERVAL, CHECKS_TO_FALL, type Backend, type Balancer } from './balancer.ts';

const HAPROXY = 'haproxy';

/** The version of the HAProxy that is installed, if one is. */
export async function findHaproxy(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(HAPROXY, ['-v']);
    return /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? 'of an unknown version';
  } catch {
    return undefined;
  }
}

/** HAProxy with a configuration of its own, in a directory of its own. */
export async function startHaproxy(backends: readonly Backend[], version: string): Promise<Balancer> {
  const directory = await mkdtemp(join(tmpdir(), 'drainkit-demo-'));
  const port = await freePort();
  const socket = join(directory, 'haproxy.sock');
  const file = join(directory, 'haproxy.cfg');
  await writeFile(file, configuration(port, socket, backends));

  const child = spawn(HAPROXY, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const printed: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => printed.push(chunk));
  const exited = once(child, 'exit');
  // Should this process end without having stopped it.
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);

  const isUp = async (name: string): Promise<boolean> => (await statuses(socket)).get(name)?.startsWith('UP') ?? false;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await within('HAProxy to exit', 3_000, exited).catch(kill);
    process.off('exit', kill);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await eventually('HAProxy to answer', async () => (await statuses(socket)).size > 0);
  } catch (error) {
    await stop();
    throw new Error(`HAProxy did not start; it printed:\n${printed.join('')}`, { cause: error });
  }
  return { title: `HAProxy ${version}`, url: `http://127.0.0.1:${port}`, isUp, stop };
}

/** With no retries, so that HAProxy makes up for nothing: what the instances drop is dropped. */
function configuration(port: number, socket: string, backends: readonly Backend[]): string {
  return `global
  stats socket ${socket} mode 600
  nbthread 1
  maxconn 1000

defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s

frontend demo
  bind 127.0.0.1:${port}
  default_backend instances

backend instances
  balance roundrobin
  http-reuse always
  retries 0
  option httpchk GET /ready
  default-server check inter ${CHECK_INTERVAL}ms fall ${CHECKS_TO_FALL} rise 1
${backends.map((backend) => `  server ${backend.name} 127.0.0.1:${backend.port}`).join('\n')}
`;
}

/** What HAProxy holds of each server: `UP`, `UP 1/2`, `DOWN`, … It tells as CSV, with a header line. */
async function statuses(socket: string): Promise<Map<string, string>> {
  const connection = connect(socket);
  connection.setTimeout(1_000, () => connection.destroy(new Error('HAProxy does not answer')));
  connection.end('show stat\n');
  const [header = '', ...lines] = (await text(connection)).trim().split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const rows = lines.map((line) => line.split(','));
  const cell = (row: string[], column: string): string => row[columns.indexOf(column)] ?? '';
  return new Map(rows.map((row) => [cell(row, 'svname'), cell(row, 'status')]));
}
