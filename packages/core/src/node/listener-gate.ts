import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a request is answered on: its response, or the socket of one that asks for an upgrade. */
type AnswerOf = { request: ServerResponse; upgrade: Duplex };

/** The events of each kind. */
const EVENTS = {
  request: ['request', 'checkContinue', 'checkExpectation'],
  upgrade: ['upgrade', 'connect'],
} as const satisfies Record<keyof AnswerOf, readonly string[]>;

/** Told of each request before the server's listeners are; answers whether it goes on to them. */
export type Admit<Kind extends keyof AnswerOf> = (request: IncomingMessage, answer: AnswerOf[Kind]) => boolean;

type Answer = AnswerOf[keyof AnswerOf];

type Listener = (this: Server, request: IncomingMessage, answer: Answer, head?: Buffer) => void;

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
export class ListenerGate<Kind extends keyof AnswerOf> {
  readonly #server: Server;
  readonly #events: ReadonlySet<string>;
  readonly #admit: Admit<Kind>;
  /** Whether a request goes to several listeners: then all of them get it or none does, and it is asked for once. */
  #hasSeveral = false;
  #asked: IncomingMessage | undefined;
  #isAdmitted = true;

  constructor(server: Server, kind: Kind, admit: Admit<Kind>) {
    this.#server = server;
    this.#events = new Set<string>(EVENTS[kind]);
    this.#admit = admit;
  }

  /**
   * Puts it there, for good.
   *
   * @param standsIn - whether it also asks for requests that nobody listens for.
   */
  install(standsIn = false): void {
    if (standsIn && this.#server.listenerCount('request') === 0) this.#server.on('request', standIn);
    for (const event of this.#events) this.#guard(event);
    this.#server.on('newListener', (event) => {
      // It comes before the listener is there.
      if (this.#events.has(event)) queueMicrotask(() => this.#guard(event));
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
    const admits = (request: IncomingMessage, answer: Answer): boolean =>
      this.#admits(request, answer as AnswerOf[Kind]);
    const isOnce = listener.listener !== undefined && !guards.has(listener);
    const guard: Guarded = function (this: Server, request, answer, head) {
      if (!admits(request, answer)) return;
      if (isOnce) this.off(event, guard);
      listener.call(this, request, answer, head);
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

  #admits(request: IncomingMessage, answer: AnswerOf[Kind]): boolean {
    if (!this.#hasSeveral) return this.#admit(request, answer);
    if (request !== this.#asked) {
      this.#asked = request;
      this.#isAdmitted = this.#admit(request, answer);
    }
    return this.#isAdmitted;
  }
}
