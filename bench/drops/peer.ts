import { readFileSync } from 'node:fs';

/** One way of shutting a server down: a file in servers/ and what there is to know about it. */
export interface Peer {
  /** The name of its file, and what --only takes. */
  readonly id: string;
  readonly name: string;
  /** The npm package whose version is shown; none where nothing is installed. */
  readonly package?: string;
  readonly app: 'Fastify' | 'Express' | 'node:http';
  /** What holds the window: an option or documented hook of its own, or nothing. */
  readonly window: string;
  /** What holds the deadline, counted as its documentation says. */
  readonly deadline: string;
  /** Where it leaves the signal to the app, what a second one does is not its doing. */
  readonly handlesSignals: boolean;
}

export const PEERS: readonly Peer[] = [
  {
    id: 'drainkit-fastify',
    name: 'drainkit (Fastify)',
    package: '@drainkit/fastify',
    app: 'Fastify',
    window: '`window`',
    deadline: '`deadline`, after the window',
    handlesSignals: true,
  },
  {
    id: 'drainkit-express',
    name: 'drainkit (Express)',
    package: '@drainkit/express',
    app: 'Express',
    window: '`window`',
    deadline: '`deadline`, after the window',
    handlesSignals: true,
  },
  {
    id: 'close-with-grace',
    name: 'close-with-grace',
    package: 'close-with-grace',
    app: 'Fastify',
    window: 'none',
    deadline: '`delay`, for everything',
    handlesSignals: true,
  },
  {
    id: 'fastify-graceful-shutdown',
    name: 'fastify-graceful-shutdown',
    package: 'fastify-graceful-shutdown',
    app: 'Fastify',
    window: 'none',
    deadline: '`timeout`, for everything',
    handlesSignals: true,
  },
  {
    id: 'graceful-server',
    name: '@gquittet/graceful-server',
    package: '@gquittet/graceful-server',
    app: 'Express',
    window: '`timeout`, `kubernetes: true`',
    deadline: 'none: cuts all connections after the window',
    handlesSignals: true,
  },
  {
    id: 'http-graceful-shutdown',
    name: 'http-graceful-shutdown',
    package: 'http-graceful-shutdown',
    app: 'Express',
    window: 'none (`preShutdown` is to be short)',
    deadline: '`timeout`, for connections',
    handlesSignals: true,
  },
  {
    id: 'http-terminator',
    name: 'http-terminator',
    package: 'http-terminator',
    app: 'Express',
    window: 'none',
    deadline: '`gracefulTerminationTimeout`, for connections',
    handlesSignals: false,
  },
  {
    id: 'lightship',
    name: 'lightship',
    package: 'lightship',
    app: 'Express',
    window: '`shutdownDelay`',
    deadline: '`shutdownHandlerTimeout`, for handlers',
    handlesSignals: true,
  },
  {
    id: 'terminus',
    name: '@godaddy/terminus',
    package: '@godaddy/terminus',
    app: 'Express',
    window: '`beforeShutdown`',
    deadline: '`timeout`, for connections',
    handlesSignals: true,
  },
  {
    id: 'bare-close',
    name: 'bare `server.close()`',
    app: 'node:http',
    window: 'none',
    deadline: 'none',
    handlesSignals: true,
  },
  {
    id: 'fastify-by-hand',
    name: 'flip, sleep, `app.close()`',
    app: 'Fastify',
    window: 'the sleep',
    deadline: 'a timer, for everything',
    handlesSignals: true,
  },
];

/** Where its server is. */
export function serverOf(peer: Peer): URL {
  return new URL(`servers/${peer.id}.ts`, import.meta.url);
}

/** The installed version of a package. */
export function versionOf(name: string): string {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}
