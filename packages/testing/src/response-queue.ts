import { HttpResponseParser } from './http-response-parser.ts';
import { RawClientError, describeReason } from './raw-client-error.ts';
import type { ConnectionEnding } from './raw-client-error.ts';
import type { RequestLine } from './raw-request.ts';
import type { RawResponse } from './raw-response.ts';
import { startTimer, stopTimer } from './real-time.ts';

interface Waiter {
  resolve(response: RawResponse): void;
  reject(reason: 'timeout' | ConnectionEnding): void;
}

/** The responses of one connection, and those who wait for them; both in order. */
export class ResponseQueue {
  readonly #parser = new HttpResponseParser((response) => this.#deliver(response));
  readonly #requests: RequestLine[] = [];
  readonly #ready: RawResponse[] = [];
  readonly #waiters: Waiter[] = [];
  #taken = 0;
  #ending: ConnectionEnding | undefined;
  #cause: unknown;

  /** Says that a request was sent. */
  expect(line: RequestLine): void {
    this.#requests.push(line);
    this.#parser.expect(line.method);
  }

  /**
   * Takes what has arrived.
   *
   * @throws {MalformedResponseError} when it is no HTTP/1.1 response.
   */
  receive(chunk: Uint8Array): void {
    if (this.#ending !== 'malformed') this.#parser.push(chunk);
  }

  /** What has arrived since the protocol changed. */
  get upgraded(): Buffer | undefined {
    return this.#parser.upgraded ? this.#parser.partial : undefined;
  }

  /** Says how the connection ended; whoever still waits is told. Only the first call counts. */
  finish(ending: ConnectionEnding, cause?: unknown): void {
    if (this.#ending !== undefined) return;
    if (ending === 'fin') this.#parser.end();
    this.#ending = ending;
    this.#cause = cause;
    // Last one first, so that each still stands at its own place in the queue when its error is made.
    for (const waiter of this.#waiters.toReversed()) waiter.reject(ending);
  }

  /** The next response, within `timeout` milliseconds. */
  next(timeout: number): Promise<RawResponse> {
    const ready = this.#ready.shift();
    if (ready !== undefined) {
      this.#taken += 1;
      return Promise.resolve(ready);
    }
    if (this.#ending !== undefined) return Promise.reject(this.#error(this.#ending, 0, timeout));
    return new Promise((resolve, reject) => {
      const leave = (): number => {
        stopTimer(timer);
        const place = this.#waiters.indexOf(waiter);
        this.#waiters.splice(place, 1);
        return place;
      };
      const waiter: Waiter = {
        resolve: (response) => {
          leave();
          this.#taken += 1;
          resolve(response);
        },
        reject: (reason) => reject(this.#error(reason, leave(), timeout)),
      };
      const timer = startTimer(() => waiter.reject('timeout'), timeout);
      this.#waiters.push(waiter);
    });
  }

  #deliver(response: RawResponse): void {
    const [waiter] = this.#waiters;
    if (waiter === undefined) this.#ready.push(response);
    else waiter.resolve(response);
  }

  #error(reason: 'timeout' | ConnectionEnding, place: number, timeout: number): RawClientError {
    const request = this.#requests[this.#taken + place];
    const what = request === undefined ? 'a response' : `the response to ${request.method} ${request.path}`;
    const partial = place === 0 ? this.#parser.partial.toString() : '';
    const message = describeReason(reason, what, partial, timeout, this.#cause);
    return new RawClientError(reason, message, partial, { cause: this.#cause });
  }
}
