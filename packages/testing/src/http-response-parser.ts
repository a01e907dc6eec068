import { MalformedResponseError, parseFields, parseHead } from './raw-response.ts';
import type { InformationalResponse, RawResponse, ResponseHead } from './raw-response.ts';

/** What is read next. `length`: so many bytes of body; `size`, `chunk`, `trailers`: the parts of a chunked one. */
type Reading =
  | { readonly part: 'head' | 'size' | 'trailers' | 'rest' | 'upgraded' }
  | { readonly part: 'length' | 'chunk'; readonly bytes: number };

const HEAD: Reading = { part: 'head' };

/**
 * Turns the bytes of one connection into HTTP/1.1 responses (RFC 9112 section 6.3), however they are cut up.
 * It holds no socket and no clock. Once it has thrown, it is of no further use.
 */
export class HttpResponseParser {
  readonly #onResponse: (response: RawResponse) => void;
  readonly #methods: string[] = [];
  #unread: Buffer = Buffer.alloc(0);
  #partial: Buffer[] = [];
  #reading: Reading = HEAD;
  #head: ResponseHead | undefined;
  #informational: InformationalResponse[] = [];
  #body: Buffer[] = [];

  /** @param onResponse Called with each response as soon as it is whole, from within `push` or `end`. */
  constructor(onResponse: (response: RawResponse) => void) {
    this.#onResponse = onResponse;
  }

  /** Says that a request was sent. An answer that nobody asked for, such as a 408, is read as one to a GET. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  /** What has arrived of the response that is not whole yet, its 1xx answers included. */
  get partial(): Buffer {
    return Buffer.concat(this.#partial);
  }

  /** Whether the connection no longer speaks HTTP: after a 101, or a 2xx to CONNECT. */
  get upgraded(): boolean {
    return this.#reading.part === 'upgraded';
  }

  /**
   * Takes what has arrived.
   *
   * @throws {MalformedResponseError} when it is no HTTP/1.1 response.
   */
  push(chunk: Uint8Array): void {
    this.#partial.push(Buffer.from(chunk));
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#step() !== 'more');
  }

  /** Says that the server has ended its side, which completes a response that had no other end. */
  end(): void {
    if (this.#reading.part === 'rest') this.#complete();
  }

  /** Reads one part; `'more'` means that it is not all there yet. */
  #step(): 'more' | undefined {
    switch (this.#reading.part) {
      case 'head':
        return this.#readHead();
      case 'size':
        return this.#readSize();
      case 'trailers':
        return this.#readTrailers();
      case 'length':
      case 'chunk':
        return this.#readBytes(this.#reading);
      case 'rest':
        this.#body.push(this.#take(this.#unread.length));
        return 'more';
      case 'upgraded':
        return 'more';
    }
  }

  #readHead(): 'more' | undefined {
    const start = this.#unread.toString('latin1', 0, 5);
    if (!'HTTP/'.startsWith(start)) throw new MalformedResponseError(`not a response: ${JSON.stringify(start)}…`);
    const text = this.#takeUntil('\r\n\r\n');
    if (text === undefined) return 'more';
    const head = parseHead(text);
    if (head.status < 200 && head.status !== 101) {
      const { status, statusMessage, headers } = head;
      this.#informational.push({ status, statusMessage, headers });
      return undefined;
    }
    this.#head = head;
    this.#reading = bodyOf(head, this.#methods[0] ?? 'GET');
    if (this.#reading.part === 'upgraded') return this.#complete(this.#reading);
    return undefined;
  }

  #readSize(): 'more' | undefined {
    const line = this.#takeUntil('\r\n');
    if (line === undefined) return 'more';
    const [, hex] = /^([\da-f]+)[ \t]*(?:;.*)?$/i.exec(line) ?? [];
    if (hex === undefined) throw new MalformedResponseError(`not the size of a chunk: ${JSON.stringify(line)}`);
    const bytes = Number.parseInt(hex, 16);
    this.#reading = bytes === 0 ? { part: 'trailers' } : { part: 'chunk', bytes };
    return undefined;
  }

  #readTrailers(): 'more' | undefined {
    if (this.#unread.length < 2) return 'more';
    if (this.#unread.toString('latin1', 0, 2) === '\r\n') {
      this.#take(2);
      return this.#complete();
    }
    const text = this.#takeUntil('\r\n\r\n');
    if (text === undefined) return 'more';
    return this.#complete(HEAD, parseFields(text.split('\r\n')));
  }

  #readBytes({ part, bytes }: Extract<Reading, { readonly bytes: number }>): 'more' | undefined {
    if (bytes > 0) {
      if (this.#unread.length === 0) return 'more';
      const taken = this.#take(Math.min(bytes, this.#unread.length));
      this.#body.push(taken);
      this.#reading = { part, bytes: bytes - taken.length };
      return undefined;
    }
    if (part === 'length') return this.#complete();
    if (this.#unread.length < 2) return 'more';
    const end = this.#take(2).toString('latin1');
    if (end !== '\r\n') throw new MalformedResponseError(`a chunk is followed by ${JSON.stringify(end)}`);
    this.#reading = { part: 'size' };
    return undefined;
  }

  #complete(next: Reading = HEAD, trailers: Readonly<Record<string, string>> = {}): undefined {
    if (this.#head === undefined) throw new MalformedResponseError('a body without a head');
    const body = Buffer.concat(this.#body).toString();
    const response: RawResponse = { ...this.#head, body, trailers, informational: this.#informational };
    this.#methods.shift();
    this.#head = undefined;
    this.#informational = [];
    this.#body = [];
    this.#reading = next;
    this.#partial = this.#unread.length > 0 ? [this.#unread] : [];
    this.#onResponse(response);
  }

  #take(bytes: number): Buffer {
    const taken = this.#unread.subarray(0, bytes);
    this.#unread = this.#unread.subarray(bytes);
    return taken;
  }

  #takeUntil(end: string): string | undefined {
    const at = this.#unread.indexOf(end, 0, 'latin1');
    if (at === -1) return undefined;
    const text = this.#take(at).toString('latin1');
    this.#take(end.length);
    return text;
  }
}

/** How the end of the body is found, by the rules of RFC 9112 section 6.3, in its order. */
function bodyOf({ status, headers }: ResponseHead, method: string): Reading {
  if (status === 101 || (method === 'CONNECT' && status < 300)) return { part: 'upgraded' };
  if (method === 'HEAD' || status === 204 || status === 304) return { part: 'length', bytes: 0 };
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined) return { part: /(?:^|,)\s*chunked$/i.test(encoding) ? 'size' : 'rest' };
  const length = headers['content-length'];
  if (length === undefined) return { part: 'rest' };
  if (!/^\d+$/.test(length)) throw new MalformedResponseError(`content-length: ${length}`);
  return { part: 'length', bytes: Number(length) };
}
