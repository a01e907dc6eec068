import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between a client and the server at `url`, and fails as networks do. */
export interface TestProxy {
  /** Where the client finds it. */
  readonly url: string;
  /** Loses whatever is sent from now on, in both directions, while the connections stand. */
  readonly mute: () => void;
  /** Breaks every connection. New ones get through. */
  readonly cut: () => void;
}

export async function testProxy(url: string): Promise<TestProxy> {
  const { hostname, port } = new URL(url);
  let open: { readonly sockets: readonly Socket[]; muted: boolean }[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const pair = { sockets: [client, upstream], muted: false };
    open.push(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (data) => pair.muted || to.write(data));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  const cut = (): void => {
    for (const socket of open.flatMap(({ sockets }) => sockets)) socket.destroy();
    open = [];
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  await once(server, 'listening');
  const proxied = new URL(url);
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: proxied.href,
    mute: () => {
      for (const pair of open) pair.muted = true;
    },
    cut,
  };
}
