import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from './connection.ts';
import { LazySignals } from './request-signals.ts';

/** One HTTP/1 request and its response. */
export class Exchange extends LazySignals {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  readonly beganAt: number;
  /** What the connection had received when the head was parsed. */
  readonly bytesAtStart: number;
  /** Whether the client and Node would keep the connection open after it. */
  readonly #keepsAlive: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, beganAt: number) {
    super();
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.beganAt = beganAt;
    this.bytesAtStart = connection.bytesRead;
    this.#keepsAlive = response.shouldKeepAlive;
  }

  get hasBody(): boolean {
    const { headers } = this.request;
    return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  }

  /** Has the response say `Connection: close`, where its headers are not sent. */
  endConnectionAfter(): void {
    if (!this.response.headersSent) this.response.shouldKeepAlive = false;
  }

  /** Takes that back: another request has come on the connection, and its response is to be the last. */
  keepConnectionAfter(): void {
    if (!this.response.headersSent) this.response.shouldKeepAlive = this.#keepsAlive;
  }
}
