import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProxyServer } from 'httpxy';
import { CHECK_INTERVAL, CHECKS_TO_FALL, type Backend, type Balancer } from './balancer.ts';

/** A backend, and what its checks have shown. */
interface Checked extends Backend {
  readonly target: string;
  /** Checks in a row that failed. */
  failures: number;
}

/** A round-robin balancer with active checks and kept connections: what HAProxy does here, in a page of Node. */
export async function startBuiltinBalancer(backends: readonly Backend[]): Promise<Balancer> {
  const checked: Checked[] = backends.map(({ name, port }) => ({
    name,
    port,
    target: `http://127.0.0.1:${port}`,
    failures: 0,
  }));
  const isUp = ({ failures }: Checked): boolean => failures < CHECKS_TO_FALL;

  const agent = new Agent({ keepAlive: true });
  const proxy = createProxyServer({ agent });
  proxy.on('proxyRes', (response) => {
    // It speaks of the connection to the instance (RFC 9110 section 7.6.1). That to the client is kept.
    delete response.headers.connection;
  });

  let turn = 0;
  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    const candidates = checked.filter(isUp);
    const backend = candidates[turn++ % candidates.length];
    if (backend === undefined) return void response.writeHead(503).end();
    proxy.web(request, response, { target: backend.target }).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  };

  const server = createServer(forward).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const checks = setInterval(() => {
    for (const backend of checked) void check(backend);
  }, CHECK_INTERVAL);

  return {
    title: 'the built-in balancer',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isUp: async (name) => checked.some((backend) => backend.name === name && isUp(backend)),
    async stop() {
      clearInterval(checks);
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

async function check(backend: Checked): Promise<void> {
  try {
    const response = await fetch(`${backend.target}/ready`, { signal: AbortSignal.timeout(CHECK_INTERVAL * 3) });
    await response.arrayBuffer();
    backend.failures = response.ok ? 0 : backend.failures + 1;
  } catch {
    backend.failures += 1;
  }
}
