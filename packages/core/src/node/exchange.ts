import type { IncomingMessage, ServerResponse } from 'node:http';
import { closeInHead } from './closing-head.ts';
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
  #isLast = false;
  #closesInHead = false;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, beganAt: number) {
    super();
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.beganAt = beganAt;
    this.#keepsAlive = response.shouldKeepAlive;
  }

  /** Whether its client waits for `100 Continue` before it sends the body. */
  get awaitsContinue(): boolean {
    const { _sent100: isSent } = this.response as ServerResponse & { readonly _sent100?: boolean };
    return isSent === false && /\b100-continue\b/i.test(this.request.headers.expect ?? '');
  }

  /** Has the response say `Connection: close`, where its headers are not sent. */
  endConnectionAfter(): void {
    if (this.response.headersSent) return;
    this.#isLast = true;
    this.response.shouldKeepAlive = false;
    if (!this.#closesInHead) closeInHead(this.response, () => this.#isLast);
    this.#closesInHead = true;
    this.connection.lingerAtEnd();
  }

  /** Takes that back: another request has come on the connection, and its response is to be the last. */
  keepConnectionAfter(): void {
    if (this.response.headersSent) return;
    this.#isLast = false;
    this.response.shouldKeepAlive = this.#keepsAlive;
  }
}
