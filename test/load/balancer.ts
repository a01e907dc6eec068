import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually, within } from '@drainkit/testing';
import { onTestFinished } from 'vitest';

/**
 * Why tests that need a program cannot run; `undefined` where it is there. With DRAINKIT_REQUIRE_SERVICES=1 they run in
 * any case, and fail.
 */
export function missing(program: string, versionOption = '-v'): string | undefined {
  if (process.env['DRAINKIT_REQUIRE_SERVICES'] === '1') return undefined;
  return spawnSync(program, [versionOption]).error === undefined ? undefined : `${program} is not installed`;
}

/** Writes a program's configuration into a directory of its own, runs it in the foreground, and ends both with the test. */
async function runBalancer(
  program: string,
  argsFor: (configFile: string) => readonly string[],
  configFor: (directory: string) => string,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'drainkit-balancer-'));
  const configFile = join(directory, 'balancer.cfg');
  await writeFile(configFile, configFor(directory));
  const child = spawn(program, argsFor(configFile), { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = Promise.race([
    once(child, 'exit'),
    once(child, 'error').then(([error]) => Promise.reject(error as Error)),
  ]);
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  // Not SIGKILL: nginx's worker would go on without its master.
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  onTestFinished(async () => {
    end();
    await within(
      `${program} to end`,
      5000,
      gone.catch(() => {}),
    );
    process.off('exit', end);
    await rm(directory, { recursive: true, force: true });
  });
  // One that does not take its configuration says so at once.
  const early = await Promise.race([gone, new Promise<undefined>((resolve) => setTimeout(resolve, 300, undefined))]);
  if (early !== undefined) throw new Error(`${program} ended at once:\n${(await printed).join('\n')}`);
}

/** A load balancer in front of two servers. */
export interface Balancer {
  /** Waits until every backend is in rotation, where the balancer knows of such a thing. */
  allUp(): Promise<void>;
}

/** HAProxy as one would set it up for this: it asks /ready, reuses connections wherever it can, and retries nothing. */
export async function startHaproxy(port: number, backends: readonly number[]): Promise<Balancer> {
  let socket = '';
  const servers = backends.map((backend, index) => `  server app${index} 127.0.0.1:${backend} check`);
  await runBalancer(
    'haproxy',
    (configFile) => ['-db', '-f', configFile],
    (directory) => {
      socket = join(directory, 'stats.sock');
      return `
global
  stats socket ${socket} mode 600
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  timeout check 5s
  retries 0
frontend in
  bind 127.0.0.1:${port}
  default_backend apps
backend apps
  balance roundrobin
  http-reuse always
  option httpchk GET /ready
  default-server inter 300ms fall 2 rise 1
${servers.join('\n')}
`;
    },
  );
  return new Haproxy(socket);
}

/**
 * nginx with a pool of connections to its backends. It asks nobody whether they are ready: a server is in rotation until
 * its listener is closed. A request whose connection is refused then goes to the other, which is nginx's default; without
 * `max_fails=0` the one that refused would be out for 10 s, longer than a restart takes, and soon there would be none.
 */
export async function startNginx(port: number, backends: readonly number[]): Promise<Balancer> {
  await runBalancer(
    'nginx',
    (configFile) => ['-c', configFile, '-g', 'daemon off;'],
    (directory) => `
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 1000; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}
  upstream apps {
    ${backends.map((backend) => `server 127.0.0.1:${backend} max_fails=0;`).join(' ')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://apps;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`,
  );
  return { allUp: async () => {} };
}

class Haproxy implements Balancer {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async allUp(): Promise<void> {
    await eventually('haproxy to have every backend in rotation', async () => {
      const rows = await this.#stats();
      const statuses = rows.filter(([proxy, name]) => proxy === 'apps' && name !== 'BACKEND').map((row) => row[17]);
      return statuses.length > 0 && statuses.every((status) => status === 'UP');
    });
  }

  async #stats(): Promise<string[][]> {
    const socket = connect(this.#socket);
    socket.write('show stat\n');
    const csv = await text(socket);
    return csv.split('\n').map((line) => line.split(','));
  }
}
