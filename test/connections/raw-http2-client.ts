import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { eventually } from '@drainkit/testing';
import { onTestFinished } from 'vitest';

const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const;
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;

/** The status codes of the static table of HPACK, from index 8 on (RFC 7541 appendix A). */
const STATIC_STATUS = [200, 204, 206, 304, 400, 404, 500];

/** SETTINGS_HEADER_TABLE_SIZE = 0, so that the server's headers can be read without a table. */
const NO_TABLE = Buffer.from([0, 1, 0, 0, 0, 0]);

/** How a block begins that confirms this (RFC 7541 section 6.3). */
const TABLE_SIZE = 0x20;

/** What has come of one stream. */
export interface RawStream {
  status: number | undefined;
  body: string;
  ended: boolean;
  /** The error code of its RST_STREAM. */
  reset: number | undefined;
}

export interface Goaway {
  readonly lastStream: number;
  readonly code: number;
}

/**
 * One HTTP/2 connection, frame by frame. Unlike Node's own client it goes on using a session after a GOAWAY, where that
 * says it may; and it can stop in the middle of anything.
 */
export class RawHttp2Client {
  readonly goaways: Goaway[] = [];
  /** How the connection ended. */
  readonly closed: Promise<'fin' | 'reset'>;
  /** Whether PINGs are answered. */
  answersPings = true;
  readonly #socket: Socket;
  readonly #streams = new Map<number, RawStream>();
  #buffer: Buffer = Buffer.alloc(0);
  #nextStream = 1;
  #settled = false;
  #ponged = false;
  #isOver = false;

  /** @param allowHalfOpen - whether it goes on when the server has ended its side. */
  static async connect(port: number, tls: boolean, { allowHalfOpen = false } = {}): Promise<RawHttp2Client> {
    const transport = connectPlain({ port, host: '127.0.0.1', allowHalfOpen });
    onTestFinished(() => void transport.destroy());
    await once(transport, 'connect');
    return tls ? RawHttp2Client.secure(transport) : RawHttp2Client.#start(transport);
  }

  /** Begins with a TLS handshake on a connection that is there already. */
  static async secure(transport: Duplex): Promise<RawHttp2Client> {
    const socket = connectTls({ socket: transport, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    return RawHttp2Client.#start(socket);
  }

  static async #start(socket: Socket): Promise<RawHttp2Client> {
    onTestFinished(() => void socket.destroy());
    const client = new RawHttp2Client(socket);
    await eventually('the settings of the server', () => client.#settled);
    // Once it answers, it has read all that was sent so far.
    client.#send(FRAME.ping, 0, 0, Buffer.alloc(8));
    await eventually('the answer to a PING', () => client.#ponged);
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('end', () => resolve('fin'));
      socket.on('error', () => resolve('reset'));
      socket.on('close', () => resolve('fin'));
    });
    void this.closed.then(() => (this.#isOver = true));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.#send(FRAME.settings, 0, 0, NO_TABLE);
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  /** The last GOAWAY so far. */
  get goaway(): Goaway | undefined {
    return this.goaways.at(-1);
  }

  stream(id: number): RawStream {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { status: undefined, body: '', ended: false, reset: undefined };
      this.#streams.set(id, stream);
    }
    return stream;
  }

  /** Opens a stream; it stays open on this side where there is more to send. */
  request(
    method: string,
    path: string,
    { more = false, protocol, expect }: { more?: boolean; protocol?: string; expect?: string } = {},
  ): number {
    const id = this.#takeStream();
    const block = Buffer.concat([
      startOf(method, path),
      restOf(protocol),
      ...(expect === undefined ? [] : [field('expect', expect)]),
    ]);
    this.#send(FRAME.headers, END_HEADERS | (more ? 0 : END_STREAM), id, block);
    return id;
  }

  /** Opens a stream and stops in the middle of its header block. Until that goes on, no other frame may come. */
  halfHead(method: string, path: string): number {
    const id = this.#takeStream();
    this.#send(FRAME.headers, END_STREAM, id, startOf(method, path));
    return id;
  }

  continueHead(id: number): void {
    this.#send(FRAME.continuation, END_HEADERS, id, restOf());
  }

  data(id: number, text: string, end = false): void {
    this.#send(FRAME.data, end ? END_STREAM : 0, id, Buffer.from(text));
  }

  /** Takes a stream back (RST_STREAM, CANCEL). */
  cancel(id: number): void {
    this.#send(FRAME.reset, 0, id, Buffer.from([0, 0, 0, 8]));
  }

  #takeStream(): number {
    const id = this.#nextStream;
    this.#nextStream += 2;
    return id;
  }

  #send(type: number, flags: number, stream: number, payload: Buffer): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([head, payload]));
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 9) {
      const length = this.#buffer.readUIntBE(0, 3);
      if (this.#buffer.length < 9 + length) return;
      const frame = this.#buffer.subarray(0, 9 + length);
      this.#buffer = this.#buffer.subarray(9 + length);
      this.#onFrame(frame.readUInt8(3), frame.readUInt8(4), frame.readUInt32BE(5), frame.subarray(9));
    }
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === FRAME.settings && (flags & ACK) === 0) {
      this.#settled = true;
      this.#send(FRAME.settings, ACK, 0, Buffer.alloc(0));
    } else if (type === FRAME.ping) {
      if ((flags & ACK) !== 0) this.#ponged = true;
      else if (this.answersPings) this.#send(FRAME.ping, ACK, 0, payload);
    } else if (type === FRAME.goaway) {
      this.goaways.push({ lastStream: payload.readUInt32BE(0), code: payload.readUInt32BE(4) });
    } else if (type === FRAME.reset) {
      this.stream(id).reset = payload.readUInt32BE(0);
    } else if (type === FRAME.headers || type === FRAME.data) {
      const stream = this.stream(id);
      if (type === FRAME.data) stream.body += payload.toString();
      else if (stream.status === undefined || stream.status < 200) stream.status = statusOf(payload);
      if ((flags & END_STREAM) !== 0) stream.ended = true;
    }
  }
}

function startOf(method: string, path: string): Buffer {
  return Buffer.concat([field(':method', method), field(':path', path)]);
}

function restOf(protocol?: string): Buffer {
  const fields = [field(':scheme', 'http'), field(':authority', 'localhost')];
  return Buffer.concat(protocol === undefined ? fields : [field(':protocol', protocol), ...fields]);
}

/** A header field, never indexed, in plain octets (RFC 7541 section 6.2.3). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x10, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}

/** The status in a header block, whose first field it is: an index, or an indexed name and digits, maybe in Huffman code. */
function statusOf(block: Buffer): number {
  const first = block.readUInt8(0);
  if ((first & 0xe0) === TABLE_SIZE) return statusOf(block.subarray(1));
  if ((first & 0x80) !== 0) return STATIC_STATUS[(first & 0x7f) - 8] ?? 0;
  const length = block.readUInt8(1);
  const value = block.subarray(2, 2 + (length & 0x7f));
  return Number((length & 0x80) === 0 ? value.toString() : digitsOf(value));
}

/** Digits in Huffman code (RFC 7541 appendix B): 0 to 2 have five bits, 3 to 9 have six. */
function digitsOf(code: Buffer): string {
  let bits = Array.from(code, (byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  while (digits.length < 3) {
    const size = Number.parseInt(bits.slice(0, 5), 2) < 3 ? 5 : 6;
    const value = Number.parseInt(bits.slice(0, size), 2);
    digits += size === 5 ? value : value - 22;
    bits = bits.slice(size);
  }
  return digits;
}
