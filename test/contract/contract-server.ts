import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { DrainOptions, DrainReport } from '@drainkit/core';
import type { HttpDrain } from '@drainkit/core/node';
import { eventually, fakeHost, RawClient, within, type FakeHost, type RawClientOptions } from '@drainkit/testing';
import { onTestFinished } from 'vitest';
import { TestRoutes } from './test-routes.ts';

/** The default window, in milliseconds. */
export const WINDOW = 5_000;

/** The default stallTimeout, in milliseconds. */
export const STALL = 2_000;

/** The default forceGrace, in milliseconds. */
export const FORCE_GRACE = 500;

/** The deadline of every contract server that does not say otherwise, in milliseconds. */
export const DEADLINE = 10_000;

/** What a kind of server makes: a drain, and a server attached to it that does not listen yet. */
export interface Built {
  readonly drain: HttpDrain;
  readonly server: Server;
  readonly listen: () => Promise<unknown>;
}

/** One way of serving HTTP that drainkit supports. */
export interface ServerKind {
  readonly name: string;
  readonly tls: boolean;
  /** Whether reports name the route pattern; else they name the path. */
  readonly hasPatterns: boolean;
  /** Whether a handler that goes on after its client has left counts as in flight; else the response alone counts. */
  readonly countsHandlers: boolean;
  readonly build: (options: DrainOptions, routes: TestRoutes) => Promise<Built>;
}

/** A server under contract, on real sockets and fake time. */
export class ContractServer {
  readonly kind: ServerKind;
  readonly host: FakeHost;
  readonly routes: TestRoutes;
  readonly drain: HttpDrain;
  readonly server: Server;
  readonly url: string;
  readonly sockets: ReadonlySet<Socket>;

  /** Starts a server that is gone when the test is over, whatever the test did to it. */
  static async start(kind: ServerKind, options: DrainOptions = {}): Promise<ContractServer> {
    const host = fakeHost();
    const routes = new TestRoutes();
    const plan = options.enabled === false ? options : { deadline: DEADLINE, ...options };
    const built = await kind.build({ host, logger: false, ...plan }, routes);
    const sockets = trackSockets(built.server);
    await built.listen();
    return new ContractServer(kind, host, routes, built, sockets);
  }

  private constructor(kind: ServerKind, host: FakeHost, routes: TestRoutes, built: Built, sockets: Set<Socket>) {
    this.kind = kind;
    this.host = host;
    this.routes = routes;
    this.drain = built.drain;
    this.server = built.server;
    this.sockets = sockets;
    const address = built.server.address();
    if (address === null || typeof address === 'string') throw new Error('a contract server listens on a port');
    this.url = `${kind.tls ? 'https' : 'http'}://127.0.0.1:${address.port}`;
  }

  async connect(options?: RawClientOptions): Promise<RawClient> {
    const before = this.sockets.size;
    const client = await RawClient.connect(this.url, options);
    onTestFinished(() => client[Symbol.asyncDispose]());
    await eventually('the server to accept', () => this.sockets.size > before);
    return client;
  }

  /** A connection that has had one answer and is kept alive. */
  async connectIdle(): Promise<RawClient> {
    const before = this.drain.inFlight;
    const client = await this.connect();
    await client.get('/').response();
    await eventually('the answered request to be over', () => this.drain.inFlight <= before);
    return client;
  }

  /** Keeps a request in flight on a connection of its own, so that the drain cannot end. `routes.release()` lets go of it. */
  async hold(): Promise<RawClient> {
    const before = this.routes.calls('/slow');
    const client = await this.connect();
    client.get('/slow');
    await this.routes.called('/slow', before + 1);
    return client;
  }

  /** SIGTERM. */
  announce(): void {
    if (!this.host.signal('SIGTERM')) throw new Error('nobody listens for SIGTERM');
  }

  /** SIGTERM, and the window. */
  async drainNow(): Promise<void> {
    this.announce();
    await this.host.advance(this.drain.plan.window);
    await this.listenerClosed();
  }

  async listenerClosed(): Promise<void> {
    await eventually('the listener to close', () => !this.server.listening);
  }

  /** Waits until so many requests are in flight. */
  inFlight(count: number): Promise<unknown> {
    return inFlight(this.drain, count);
  }

  /** Waits until every connection is gone. */
  async disconnected(): Promise<void> {
    await eventually('every connection to be gone', () => [...this.sockets].every(({ destroyed }) => destroyed));
  }

  /** How a connection ended, within a few seconds of real time. */
  ended(client: RawClient): Promise<string> {
    return within(`the connection to end (the drain is in '${this.drain.phase}')`, 5_000, client.closed);
  }

  /** The report, within a few seconds of real time. */
  done(): Promise<DrainReport> {
    return within(`the drain to end (it is in '${this.drain.phase}')`, 5_000, this.drain.done);
  }
}

/** Waits until so many requests are in flight. */
export function inFlight(drain: HttpDrain, count: number): Promise<unknown> {
  return eventually(`${count} requests in flight`, () => drain.inFlight === count);
}

/** Waits until `text` has arrived. */
export function received(client: RawClient, text: string): Promise<unknown> {
  return eventually(`'${text}' to arrive`, () => client.received.includes(text));
}

/** Gives every connection of `server` to the test, and destroys what is left of it afterwards. */
export function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  return sockets;
}
