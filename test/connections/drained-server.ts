import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DrainOptions, DrainReport } from '@drainkit/core';
import { createDrain, type HttpDrain } from '@drainkit/core/node';
import { eventually, fakeHost, within, type FakeHost } from '@drainkit/testing';
import type { Server } from 'node:net';
import { listen } from '../contract/server-kinds.ts';
import { trackSockets } from '../contract/contract-server.ts';
import { Http1Peer } from './http1-peer.ts';
import { Http2Peer } from './http2-peer.ts';
import type { Peer } from './peer.ts';
import type { AnyListener, Transport } from './transports.ts';

/** Milliseconds. */
export const WINDOW = 5_000;
export const DEADLINE = 10_000;
export const STALL = 2_000;
export const FORCE_GRACE = 500;

const OPTIONS: DrainOptions = {
  window: WINDOW,
  deadline: DEADLINE,
  stallTimeout: STALL,
  forceGrace: FORCE_GRACE,
  logger: false,
};

/** A server of one transport and its drain, on real sockets and fake time. */
export class DrainedServer {
  readonly host: FakeHost;
  readonly drain: HttpDrain;
  readonly server: Server;
  /** The code of the reason of each request's forceSignal, as it fired. */
  readonly forced: string[] = [];
  /** How much of bodies has been read. */
  bodyRead = 0;
  readonly #transport: Transport;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #calls: string[] = [];
  #release: () => void = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });
  readonly #streams: { write(chunk: string): unknown }[] = [];

  static async start(transport: Transport, options: DrainOptions = {}): Promise<DrainedServer> {
    const started = new DrainedServer(transport, options);
    await listen(started.server as Parameters<typeof listen>[0]);
    return started;
  }

  private constructor(transport: Transport, options: DrainOptions) {
    this.#transport = transport;
    this.host = fakeHost();
    this.drain = createDrain({ host: this.host, ...OPTIONS, ...options });
    this.server = this.drain.attach(transport.serve(this.#listener, (stream) => this.#onUpgrade(stream)));
    this.#sockets = trackSockets(this.server as Parameters<typeof trackSockets>[0]);
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  async connect(): Promise<Peer> {
    const before = this.#sockets.size;
    const { http2, tls } = this.#transport;
    const peer = await (http2 ? Http2Peer.connect(this.port, tls) : Http1Peer.connect(this.port, tls));
    await eventually('the server to accept', () => this.#sockets.size > before);
    return peer;
  }

  /** How often a path has been asked for. */
  calls(path: string): number {
    return this.#calls.filter((called) => called === path).length;
  }

  /** Waits until a path has been asked for so often. */
  async called(path: string, times = 1): Promise<void> {
    await eventually(`${path} to be called`, () => this.calls(path) >= times);
  }

  get bytesRead(): number {
    let sum = 0;
    for (const { bytesRead } of this.#sockets) sum += bytesRead;
    return sum;
  }

  /** Lets go of all that wait in /slow. */
  release(): void {
    this.#release();
  }

  /** Writes to every stream. */
  write(chunk: string): void {
    for (const stream of this.#streams) stream.write(chunk);
  }

  announce(): void {
    if (!this.host.signal('SIGTERM')) throw new Error('nobody listens for SIGTERM');
  }

  /** From the signal to the moment the listener is closed. */
  async drainNow(): Promise<void> {
    this.announce();
    await this.host.advance(this.drain.plan.window);
    await eventually('the listener to close', () => !this.server.listening);
  }

  done(): Promise<DrainReport> {
    return within(`the drain to end (it is in '${this.drain.phase}')`, 5_000, this.drain.done);
  }

  readonly #listener: AnyListener = (request, response) => {
    const path = request.url ?? '';
    const { forceSignal } = this.drain.request(request);
    forceSignal.addEventListener('abort', () => this.forced.push((forceSignal.reason as { code: string }).code));
    this.#calls.push(path);
    if (path === '/slow') void this.#released.then(() => response.end('slow'));
    else if (path === '/stream') {
      response.write('begin;');
      this.#streams.push(response);
    } else if (path === '/echo') {
      let body = '';
      request.on('error', () => {}).on('end', () => response.end(body));
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
        this.bodyRead += chunk.length;
      });
    } else response.end('fast');
  };

  #onUpgrade(stream: Duplex): void {
    this.#calls.push('/up');
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => stream.write(`echo ${chunk.toString()}`));
  }
}
