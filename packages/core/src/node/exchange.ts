import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from './connection.ts';
import { LazySignals } from './request-signals.ts';

/** One HTTP/1 request and its response. */
export class Exchange extends LazySignals {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  readonly beganAt: number;
  /** Whether the client and Node would keep the connection open after it. */
  readonly #keepsAlive: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, beganAt: number) {
    super();
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.beganAt = beganAt;
    this.#keepsAlive = response.shouldKeepAlive;
  }

  /** Has the response say `Connection: close`, where its headers are not sent. */
  endConnectionAfter(): void {
    if (this.response.headersSent) return;
    this.response.shouldKeepAlive = false;
    this.connection.lingerAtEnd();
  }

  /** Takes that back: another request has come on the connection, and its response is to be the last. */
  keepConnectionAfter(): void {
    if (!this.response.headersSent) this.response.shouldKeepAlive = this.#keepsAlive;
  }
}
