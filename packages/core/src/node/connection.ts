import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Clock } from '../host.ts';
import type { Arrival } from './arrival-watch.ts';
import type { Exchange } from './exchange.ts';
import { isReceiving } from './receiving-parsers.ts';

/** What Node keeps at a socket of its own, and documents nowhere; others have relied on it for years. */
interface HttpSocket {
  /** The response that is being written; of pipelined ones the first. */
  readonly _httpMessage?: ServerResponse | null;
  /** Its `incoming` is the request whose head has arrived last. */
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null;
}

/** For how long, in milliseconds, a client that has just connected is given time to send its first byte. */
const FRESH_FOR = 100;

/** For how long, in milliseconds, a client may go on sending after the server's FIN before the connection is closed. */
export const LINGER = 500;

/**
 * - `busy`: a request is being answered
 * - `idle`: between two requests
 * - `bare`: has never sent a byte; `fresh` while it has only just connected
 * - `partial`: in the middle of a request's head
 * - `upgraded`: not HTTP any more
 */
export type ConnectionKind = 'busy' | 'idle' | 'bare' | 'fresh' | 'partial' | 'upgraded';

/** One client connection: what it is doing, and how to end it. */
export class Connection implements Arrival {
  readonly socket: Socket;
  readonly openedAt: number;
  /** Those that are tracked, in order of arrival; more than one where the client pipelines. */
  readonly exchanges: Exchange[] = [];
  /** When the last request came; while serving up to 50 ms too early. */
  requestAt: number;
  /** What it was upgraded by, such as `GET /socket`; from then on it is not HTTP's. */
  upgradedBy: string | undefined;
  /** Whether it is being ended already. */
  ending = false;
  /** When the last tracked response ended. */
  #answeredAt: number;
  readonly #clock: Clock;
  #isLingering = false;

  /** Whether it is the raw socket under a TLS handshake that is not over. */
  readonly isHandshake: boolean;

  constructor(socket: Socket, clock: Clock, isHandshake = false) {
    this.socket = socket;
    this.#clock = clock;
    this.isHandshake = isHandshake;
    this.openedAt = clock.now();
    this.requestAt = this.openedAt;
    this.#answeredAt = this.openedAt;
  }

  /** When the last response ended; where it was not tracked, when its request came. */
  get idleSince(): number {
    return Math.max(this.#answeredAt, this.requestAt);
  }

  /** Bytes received so far; under TLS, of the decrypted stream. */
  get bytesRead(): number {
    return this.socket.bytesRead;
  }

  /** Whether a request has begun to arrive and has not arrived whole. */
  get receiving(): boolean {
    if (this.upgradedBy !== undefined) return false;
    const last = this.exchanges.at(-1);
    if (last !== undefined) return !last.request.complete;
    if (this.#hasRest) return false;
    const { parser } = this.socket as HttpSocket;
    if (this.bytesRead === 0 || parser === null) return false;
    return parser === undefined || isReceiving(this.socket, parser);
  }

  /** The response that is being written, as Node has it. One that a framework makes for an upgrade is none. */
  get response(): ServerResponse | undefined {
    return this.upgradedBy === undefined ? ((this.socket as HttpSocket)._httpMessage ?? undefined) : undefined;
  }

  /** Whether it is answering another request, behind which `response` waits for its turn. */
  isAnswering(response: ServerResponse): boolean {
    const { response: first } = this;
    return first !== undefined && first !== response;
  }

  /** The response that is being written, where it is not tracked. */
  get untracked(): ServerResponse | undefined {
    const { response } = this;
    // Asked of every connection at once when a drain begins, and hardly any has one.
    if (response === undefined) return undefined;
    return this.exchanges.some((exchange) => exchange.response === response) ? undefined : response;
  }

  get isArriving(): boolean {
    return this.receiving && !this.ending;
  }

  /** Bytes received, once a body arrives: a head has to arrive in one go. */
  get arrived(): number {
    return this.exchanges.length === 0 ? -1 : this.bytesRead;
  }

  /**
   * Whether part of a request's body waits for its handler to read it, or for the handler's leave to be sent; or the answer
   * has begun, and both sides may be talking.
   */
  get isHeldUp(): boolean {
    const last = this.exchanges.at(-1);
    return last !== undefined && (last.request.readableLength > 0 || last.response.headersSent || last.awaitsContinue);
  }

  kind(now: number): ConnectionKind {
    if (this.upgradedBy !== undefined) return 'upgraded';
    if (this.exchanges.length > 0) return 'busy';
    if (this.bytesRead === 0) return this.freshUntil > now ? 'fresh' : 'bare';
    return this.receiving ? 'partial' : 'idle';
  }

  get freshUntil(): number {
    return this.openedAt + FRESH_FOR;
  }

  finish(exchange: Exchange, now: number): void {
    const index = this.exchanges.indexOf(exchange);
    if (index !== -1) this.exchanges.splice(index, 1);
    this.#answeredAt = now;
  }

  /** Whether the rest of a request is arriving that has been answered: nobody needs it. */
  get #hasRest(): boolean {
    const { parser } = this.socket as HttpSocket;
    return this.exchanges.length === 0 && this.response === undefined && parser?.incoming?.complete === false;
  }

  /** Ends it where nothing is going on: FIN, and closed. */
  end(): void {
    if (this.#hasRest) return this.#linger();
    this.ending = true;
    Socket.prototype.destroySoon.call(this.socket);
  }

  /**
   * Has it end in an orderly way after a response that says `Connection: close`: FIN; what the client has still to send is
   * read for a while, and then it is closed (RFC 9112 section 9.6). Closed at once, as Node does it, it would be reset where
   * the client is sending, and that can take the answer from it before it has read it.
   */
  lingerAtEnd(): void {
    this.socket.destroySoon = () => this.#linger();
  }

  #linger(): void {
    if (this.#isLingering || this.socket.destroyed) return;
    this.#isLingering = true;
    this.ending = true;
    this.socket.end();
    const cancel = this.#clock.setTimeout(() => this.socket.destroy(), LINGER);
    this.socket.once('close', cancel);
    const last = this.exchanges.at(-1)?.request;
    // A handler may have answered before it has read all of the body.
    if (last === undefined || last.complete) this.#discardInput();
    else last.once('close', () => this.#discardInput());
  }

  /** Requests that come after the FIN cannot be answered: they must not reach a handler. */
  #discardInput(): void {
    // Adding a listener takes the input back from Node's parser, which its own listener would feed.
    this.socket.on('data', discard);
    for (const listener of this.socket.listeners('data') as (() => void)[]) {
      if (listener !== discard) this.socket.off('data', listener);
    }
    this.socket.resume();
  }

  /** Ends it in the middle of a request that does not arrive, with 408 (RFC 9110 section 15.5.9) where nothing was answered yet. */
  timeOut(): void {
    const [first] = this.exchanges;
    const nothingAnswered = first === undefined || (this.exchanges.length === 1 && !first.response.headersSent);
    // In the middle of a handshake nobody speaks HTTP yet.
    if (nothingAnswered && !this.isHandshake) {
      this.socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return this.#linger();
    }
    this.end();
  }

  destroy(): void {
    this.ending = true;
    this.socket.destroy();
  }
}

function discard(): void {}
