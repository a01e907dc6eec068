import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DrainError } from '../drain-error.ts';
import type { Connection } from './connection.ts';

/** What a handler learns about the drain, for one request. Nothing is kept of it once the response is closed. */
export interface RequestSignals {
  /** Aborted when the drain begins, with a DrainError `DRAIN_DRAINING`. */
  readonly signal: AbortSignal;
  /** Aborted when the deadline passes, with a DrainError `DRAIN_DEADLINE`. */
  readonly forceSignal: AbortSignal;
}

/** One request and its response. */
export class Exchange implements RequestSignals {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  readonly beganAt: number;
  /** Whether the client and Node would keep the connection open after it. */
  readonly #keepsAlive: boolean;
  #drainReason: DrainError | undefined;
  #forceReason: DrainError | undefined;
  #drainController: AbortController | undefined;
  #forceController: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, beganAt: number) {
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.beganAt = beganAt;
    this.#keepsAlive = response.shouldKeepAlive;
  }

  // Controllers are made only for those who ask: most requests never look, and a signal costs more than counting the request.
  get signal(): AbortSignal {
    this.#drainController ??= aborted(this.#drainReason);
    return this.#drainController.signal;
  }

  get forceSignal(): AbortSignal {
    this.#forceController ??= aborted(this.#forceReason);
    return this.#forceController.signal;
  }

  announce(reason: DrainError): void {
    this.#drainReason = reason;
    this.#drainController?.abort(reason);
  }

  force(reason: DrainError): void {
    this.#forceReason = reason;
    this.#forceController?.abort(reason);
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

function aborted(reason: DrainError | undefined): AbortController {
  const controller = new AbortController();
  if (reason !== undefined) controller.abort(reason);
  return controller;
}
