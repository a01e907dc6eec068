import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

/** What listeners of each kind are called with first: a request and what it is answered on, or a stream of HTTP/2. */
type Asked = {
  request: [request: IncomingMessage, response: ServerResponse];
  upgrade: [request: IncomingMessage, socket: Duplex];
  stream: [stream: ServerHttp2Stream, headers: IncomingHttpHeaders];
};

/** The events of each kind. */
const EVENTS = {
  request: ['request', 'checkContinue', 'checkExpectation'],
  upgrade: ['upgrade', 'connect'],
  stream: ['stream'],
} as const satisfies Record<keyof Asked, readonly string[]>;

/** Told of each request before the server's listeners are; answers whether it goes on to them. */
export type Admit<Kind extends keyof Asked> = (...asked: Asked[Kind]) => boolean;

/** It is called with up to four: of a stream also its flags and the headers as they came. */
type Listener = (this: Server, asked: object, second: object, third?: unknown, fourth?: unknown) => unknown;

/** A listener behind a gate. Node knows by `listener` whom to remove, as with those of `once`. */
interface Guarded extends Listener {
  listener?: Listener;
}

/** What a guard stands before, and whose it is. A server that belongs to several drains has as many gates, one behind the other. */
const guards = new WeakMap<Listener, { readonly gate: object; readonly listener: Listener }>();

/** Answers no request, as Node does where there is no listener. */
function standIn(): void {}

/**
 * Stands between a server and its request listeners, whatever framework they belong to: those that are there, and those that
 * come. To the server's owner each listener is still there, to be listed and removed.
 *
 * A listener beside the others would cost more, for Node then copies their list for each request; and it could not keep a
 * request from them.
 */
export class ListenerGate<Kind extends keyof Asked> {
  readonly #server: Server;
  readonly #events: readonly [main: string, ...others: string[]];
  readonly #admit: (asked: object, second: object) => boolean;
  /** Whether a request goes to several listeners: then all of them get it or none does, and it is asked for once. */
  #hasSeveral = false;
  #asked: object | undefined;
  #isAdmitted = true;

  constructor(server: Server, kind: Kind, admit: Admit<Kind>) {
    this.#server = server;
    this.#events = EVENTS[kind];
    this.#admit = admit as unknown as (asked: object, second: object) => boolean;
  }

  /**
   * Puts it there, for good.
   *
   * @param standsIn - whether it also asks for requests that nobody listens for.
   */
  install(standsIn = false): void {
    const [main] = this.#events;
    if (standsIn && this.#server.listenerCount(main) === 0) this.#server.on(main, standIn);
    for (const event of this.#events) this.#guard(event);
    this.#server.on('newListener', (event) => {
      // It comes before the listener is there.
      if (typeof event === 'string' && this.#events.includes(event)) queueMicrotask(() => this.#guard(event));
    });
  }

  #guard(event: string): void {
    if (this.#server.listenerCount(event) > 1) this.#server.off(event, standIn);
    const listeners = this.#server.rawListeners(event) as Listener[];
    this.#hasSeveral ||= listeners.length > 1;
    if (listeners.every((listener) => this.#isBehind(listener))) return;
    this.#server.removeAllListeners(event);
    for (const listener of listeners) this.#server.on(event, this.#behind(listener, event));
  }

  #behind(listener: Guarded, event: string): Listener {
    if (this.#isBehind(listener)) return listener;
    const admits = (asked: object, second: object): boolean => this.#admits(asked, second);
    const original = listener.listener ?? listener;
    const isOnce = listener.listener !== undefined && !guards.has(listener);
    const guard: Guarded = function (this: Server, asked, second, third, fourth) {
      if (!admits(asked, second)) return undefined;
      // Another gate may stand before this one: Node finds the outermost by what it stands for.
      if (isOnce) this.off(event, original);
      // What it returns may be a promise, and its rejection Node's to deal with.
      return listener.call(this, asked, second, third, fourth);
    };
    guard.listener = original;
    guards.set(guard, { gate: this, listener });
    return guard;
  }

  #isBehind(listener: Listener): boolean {
    for (let guard = guards.get(listener); guard !== undefined; guard = guards.get(guard.listener)) {
      if (guard.gate === this) return true;
    }
    return false;
  }

  #admits(asked: object, second: object): boolean {
    if (!this.#hasSeveral) return this.#admit(asked, second);
    if (asked !== this.#asked) {
      this.#asked = asked;
      this.#isAdmitted = this.#admit(asked, second);
    }
    return this.#isAdmitted;
  }
}
