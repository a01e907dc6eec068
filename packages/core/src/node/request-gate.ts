import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';

/** Told of each request before the server's listeners are; answers whether it goes on to them. */
export type Admit = (request: IncomingMessage, response: ServerResponse) => boolean;

type Listener = (this: Server, request: IncomingMessage, response: ServerResponse) => void;

/** A listener behind a gate. Node knows by `listener` whom to remove, as with those of `once`. */
interface Guarded extends Listener {
  listener?: Listener;
}

/** What a guard stands before, and whose it is. A server that belongs to several drains has as many gates, one behind the other. */
const guards = new WeakMap<Listener, { readonly gate: RequestGate; readonly listener: Listener }>();

const EVENTS: ReadonlySet<string> = new Set(['request', 'checkContinue', 'checkExpectation']);

/**
 * Stands between a server and its request listeners, whatever framework they belong to: those that are there, and those that
 * come. To the server's owner each listener is still there, to be listed and removed.
 *
 * A listener beside the others would cost more, for Node then copies their list for each request; and it could not keep a
 * request from them.
 */
export class RequestGate {
  readonly #server: Server;
  readonly #admit: Admit;
  /** Whether a request goes to several listeners: then all of them get it or none does, and it is asked for once. */
  #hasSeveral = false;
  #asked: IncomingMessage | undefined;
  #isAdmitted = true;

  constructor(server: Server, admit: Admit) {
    this.#server = server;
    this.#admit = admit;
  }

  /** Puts it there, for good. */
  install(): void {
    for (const event of EVENTS) this.#guard(event);
    this.#server.on('newListener', (event) => {
      // It comes before the listener is there.
      if (EVENTS.has(event)) queueMicrotask(() => this.#guard(event));
    });
  }

  #guard(event: string): void {
    const listeners = this.#server.rawListeners(event) as Listener[];
    this.#hasSeveral ||= listeners.length > 1;
    if (listeners.every((listener) => this.#isBehind(listener))) return;
    this.#server.removeAllListeners(event);
    for (const listener of listeners) this.#server.on(event, this.#behind(listener, event));
  }

  #behind(listener: Guarded, event: string): Listener {
    if (this.#isBehind(listener)) return listener;
    const admits = (request: IncomingMessage, response: ServerResponse): boolean => this.#admits(request, response);
    const isOnce = listener.listener !== undefined && !guards.has(listener);
    const guard: Guarded = function (this: Server, request, response) {
      if (!admits(request, response)) return;
      if (isOnce) this.off(event, guard);
      listener.call(this, request, response);
    };
    guard.listener = listener.listener ?? listener;
    guards.set(guard, { gate: this, listener });
    return guard;
  }

  #isBehind(listener: Listener): boolean {
    for (let guard = guards.get(listener); guard !== undefined; guard = guards.get(guard.listener)) {
      if (guard.gate === this) return true;
    }
    return false;
  }

  #admits(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#hasSeveral) return this.#admit(request, response);
    if (request !== this.#asked) {
      this.#asked = request;
      this.#isAdmitted = this.#admit(request, response);
    }
    return this.#isAdmitted;
  }
}
