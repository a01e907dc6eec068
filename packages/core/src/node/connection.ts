import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange } from './exchange.ts';

/** What Node keeps at a socket of its own, and documents nowhere; others have relied on it for years. */
interface HttpSocket {
  /** The response that is being written; of pipelined ones the first. */
  readonly _httpMessage?: ServerResponse | null;
  readonly parser?: { headersCompleted?(): boolean } | null;
}

/** For how long, in milliseconds, a client that has just connected is given time to send its first byte. */
const FRESH_FOR = 100;

/**
 * - `busy`: a request is being answered
 * - `idle`: between two requests
 * - `bare`: has never sent a byte; `fresh` while it has only just connected
 * - `partial`: in the middle of a request's head
 * - `upgraded`: not HTTP any more
 */
export type ConnectionKind = 'busy' | 'idle' | 'bare' | 'fresh' | 'partial' | 'upgraded';

/** One client connection: what it is doing, and how to end it. */
export class Connection {
  readonly socket: Socket;
  readonly openedAt: number;
  /** Those that are tracked, in order of arrival; more than one where the client pipelines. */
  readonly exchanges: Exchange[] = [];
  /** When the last request came. */
  requestAt: number;
  /** What it was upgraded by, such as `GET /socket`; from then on it is not HTTP's. */
  upgradedBy: string | undefined;
  /** Whether it is being ended already. */
  ending = false;
  /** When the last tracked response ended. */
  #answeredAt: number;

  /** Whether it is the raw socket under a TLS handshake that is not over. */
  readonly isHandshake: boolean;

  constructor(socket: Socket, openedAt: number, isHandshake = false) {
    this.socket = socket;
    this.isHandshake = isHandshake;
    this.openedAt = openedAt;
    this.requestAt = openedAt;
    this.#answeredAt = openedAt;
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
    const { parser } = this.socket as HttpSocket;
    // A parser is in the middle of a head from its first byte to its last.
    return this.bytesRead > 0 && (parser === undefined || parser?.headersCompleted?.() === false);
  }

  /** The response that is being written, as Node has it. One that a framework makes for an upgrade is none. */
  get response(): ServerResponse | undefined {
    return this.upgradedBy === undefined ? ((this.socket as HttpSocket)._httpMessage ?? undefined) : undefined;
  }

  /** The same, where it is not tracked. */
  get untracked(): ServerResponse | undefined {
    const { response } = this;
    // Asked of every connection at once when a drain begins, and hardly any has one.
    if (response === undefined) return undefined;
    return this.exchanges.some((exchange) => exchange.response === response) ? undefined : response;
  }

  /** Whether part of a request's body waits for its handler to read it. */
  get hasUnread(): boolean {
    return (this.exchanges.at(-1)?.request.readableLength ?? 0) > 0;
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

  /** Ends it in an orderly way: what is written is sent, then FIN. */
  end(): void {
    this.ending = true;
    this.socket.destroySoon();
  }

  /** Ends it in the middle of a request that does not arrive, with 408 (RFC 9110 section 15.5.9) where nothing was answered yet. */
  timeOut(): void {
    const [first] = this.exchanges;
    const nothingAnswered = first === undefined || (this.exchanges.length === 1 && !first.response.headersSent);
    // In the middle of a handshake nobody speaks HTTP yet.
    if (nothingAnswered && !this.isHandshake) {
      this.socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
    this.end();
  }

  destroy(): void {
    this.ending = true;
    this.socket.destroy();
  }
}
