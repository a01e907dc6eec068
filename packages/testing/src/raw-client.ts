import type { Socket } from 'node:net';
import { endingOf } from './raw-client-error.ts';
import type { ConnectionEnding } from './raw-client-error.ts';
import { RequestLines, requestText } from './raw-request.ts';
import type { RawRequestOptions } from './raw-request.ts';
import type { RawResponse } from './raw-response.ts';
import { ResponseQueue } from './response-queue.ts';
import { openSocket } from './raw-socket.ts';
import type { RawSocket } from './raw-socket.ts';
import { endpointOf } from './raw-target.ts';
import type { RawTarget } from './raw-target.ts';

export interface RawClientOptions {
  /** Speak TLS and accept any certificate. @default whether the URL is `https:` or the server a TLS one */
  readonly tls?: boolean;
  /** How long connecting may take, the TLS handshake included, in milliseconds. @default 5000 */
  readonly timeout?: number;
  /** Keep this side open when the server ends its own, as a client that lingers does. @default false */
  readonly halfOpen?: boolean;
}

export interface ResponseOptions {
  /** How long to wait, in milliseconds of real time. @default 5000 */
  readonly timeout?: number;
}

/**
 * One HTTP/1.1 connection, with every byte and every ending in sight.
 * It sends what it is told, when it is told, whatever the server thinks of it, and never reconnects.
 * Requests may be pipelined; responses come in order.
 */
export class RawClient implements AsyncDisposable {
  /** How the connection ended: at the first sign of it, be that the server's FIN while this side is still open. */
  readonly closed: Promise<ConnectionEnding>;

  readonly #socket: Socket;
  readonly #transport: Socket;
  readonly #host: string;
  readonly #lines = new RequestLines();
  readonly #responses = new ResponseQueue();
  readonly #received: Buffer[] = [];
  #ending: ConnectionEnding | undefined;
  #ended = false;
  #resolveClosed: (ending: ConnectionEnding) => void = () => {};

  /**
   * Connects to a port, a unix socket, a URL or a server.
   *
   * @throws {RawClientError} with reason `refused`, `reset`, `timeout` or `error`.
   */
  static async connect(target: RawTarget, options: RawClientOptions = {}): Promise<RawClient> {
    const found = endpointOf(target);
    const endpoint = { ...found, tls: options.tls ?? found.tls };
    return new RawClient(await openSocket(endpoint, options.timeout ?? 5000), endpoint.host, options.halfOpen ?? false);
  }

  private constructor({ socket, transport }: RawSocket, host: string, halfOpen: boolean) {
    this.#socket = socket;
    this.#transport = transport;
    this.#host = host;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => {
      this.#finish('fin');
      if (!halfOpen) socket.end();
    });
    socket.on('error', (error) => this.#finish(endingOf(error), error));
    socket.on('close', () => this.#finish('destroyed'));
  }

  /** Whether neither side has ended the connection, as far as this side has heard. */
  get isOpen(): boolean {
    return this.#ending === undefined && !this.#ended;
  }

  /** Every byte so far; `received.includes('data: 1')` finds an event of a response that never ends. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** What has arrived since the server changed the protocol (101); `undefined` if it has not. */
  get upgraded(): Buffer | undefined {
    return this.#responses.upgraded;
  }

  /**
   * Sends these bytes. Request lines in them are noticed, so that the answer to a HEAD is read as one.
   * Does nothing once the connection is gone: the next {@link response} says so.
   *
   * @throws {Error} after {@link end}.
   */
  send(text: string | Uint8Array): this {
    const bytes = Buffer.from(text);
    for (const line of this.#lines.push(bytes.toString('latin1'))) this.#responses.expect(line);
    return this.#write(bytes);
  }

  /** Sends a whole request, and waits for nothing: `client.request('POST', '/', { body }).response()`. */
  request(method: string, path: string, options?: RawRequestOptions): this {
    this.#responses.expect({ method, path });
    return this.#write(requestText(method, path, this.#host, options));
  }

  /** Sends a whole GET, and waits for nothing. */
  get(path: string, options?: RawRequestOptions): this {
    return this.request('GET', path, options);
  }

  /** Sends a GET that stops in the middle of a header; `send('\r\n\r\n')` completes it. */
  half(path: string): this {
    this.#responses.expect({ method: 'GET', path });
    return this.#write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nX-Half: `);
  }

  /**
   * The next response, when it is whole. Those that arrived before are not lost, also when a wait for them timed out
   * or the connection has ended since.
   *
   * @throws {RawClientError} when there will be none, or time is up; it says what had arrived of it.
   */
  response({ timeout = 5000 }: ResponseOptions = {}): Promise<RawResponse> {
    return this.#responses.next(timeout);
  }

  /** Ends this side with a FIN; the server may still answer. */
  end(): void {
    this.#ended = true;
    this.#socket.end();
  }

  /** Drops the connection with a RST. A unix socket has none: it is closed. */
  reset(): void {
    this.#finish('destroyed');
    // Node's own check: only a TCP socket can be reset; under TLS, that is the one below.
    if (this.#transport.remotePort !== undefined) this.#transport.resetAndDestroy();
    this.#socket.destroy();
    this.#transport.destroy();
  }

  /** Drops the connection, if it is still there, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish('destroyed');
    if (this.#socket.closed) return;
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.destroy();
    this.#transport.destroy();
    await gone;
  }

  #write(data: string | Uint8Array): this {
    if (this.#ended) throw new Error('this client has ended its side of the connection: it can send nothing more');
    if (this.#socket.writable) this.#socket.write(data);
    return this;
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    try {
      this.#responses.receive(chunk);
    } catch (error) {
      this.#finish('malformed', error);
      this.#socket.destroy();
    }
  }

  #finish(ending: ConnectionEnding, cause?: unknown): void {
    this.#ending ??= ending;
    this.#resolveClosed(this.#ending);
    this.#responses.finish(ending, cause);
  }
}
