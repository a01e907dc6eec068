import type { WebSocketLike, WebSocketServerLike } from './websocket-drainable.ts';

/** As much of a Server of socket.io as a drain needs. It has an engine once it is attached to an HTTP server. */
export interface SocketIoServerLike {
  readonly engine: EngineLike;
}

/** As much of a Server of engine.io, on which socket.io is built, as a drain needs; also its `clients`, by id. */
export interface EngineLike {
  readonly clientsCount: number;
  on(event: 'connection', listener: (client: EngineClientLike) => void): unknown;
}

/** As much of a client of engine.io as a drain needs. */
export interface EngineClientLike {
  readonly readyState: string;
  /** How it is connected now: an upgrade changes it. That of a WebSocket has it as its `socket`. */
  readonly transport: object;
  close(discard?: boolean): unknown;
  once(event: 'close', listener: () => void): unknown;
}

const OPEN = 1;
const CLOSED = 3;

/** The engine of a socket.io server, or an engine.io server itself; `undefined` for anything else. */
export function engineOf(server: unknown): EngineLike | undefined {
  if (typeof server !== 'object' || server === null) return undefined;
  const engine: unknown = 'engine' in server ? server.engine : server;
  return isEngine(engine) ? engine : undefined;
}

function isEngine(engine: unknown): engine is EngineLike {
  if (typeof engine !== 'object' || engine === null) return false;
  const { clients, clientsCount, on } = engine as { clients?: unknown; clientsCount?: unknown; on?: unknown };
  return typeof clients === 'object' && typeof clientsCount === 'number' && typeof on === 'function';
}

/**
 * A socket.io server in the likeness of one of `ws`: its engine keeps its clients itself, and some of them have no WebSocket.
 * They are closed below socket.io's own protocol, in which a client that is disconnected by its server stays away.
 */
export class SocketIoServer implements WebSocketServerLike {
  readonly #engine: EngineLike;
  readonly #known = new WeakMap<EngineClientLike, WebSocketLike>();

  constructor(engine: EngineLike) {
    this.#engine = engine;
  }

  get clients(): WebSocketLike[] {
    const { clients } = this.#engine as EngineLike & { readonly clients: Readonly<Record<string, EngineClientLike>> };
    return Object.values(clients).map((client) => this.#of(client));
  }

  on(event: 'connection', listener: (client: WebSocketLike) => void): void {
    this.#engine.on(event, (client) => listener(this.#of(client)));
  }

  #of(client: EngineClientLike): WebSocketLike {
    let known = this.#known.get(client);
    if (known === undefined) this.#known.set(client, (known = new EngineClient(client)));
    return known;
  }
}

/** A client of engine.io, however it is connected, in the likeness of a WebSocket. */
class EngineClient implements WebSocketLike {
  readonly #client: EngineClientLike;

  constructor(client: EngineClientLike) {
    this.#client = client;
  }

  get readyState(): number {
    return this.#client.readyState === 'closed' ? CLOSED : OPEN;
  }

  /** One that polls is told with the answer to its poll. */
  close(code: number, reason: string): void {
    const webSocket = this.#webSocket;
    if (webSocket === undefined) this.#client.close();
    else webSocket.close(code, reason);
  }

  /** One that has stopped polling has no connection that could be cut. */
  terminate(): void {
    this.#webSocket?.terminate();
  }

  once(event: 'close', listener: () => void): void {
    this.#client.once(event, listener);
  }

  get #webSocket(): WebSocketLike | undefined {
    const { socket } = this.#client.transport as { readonly socket?: Partial<WebSocketLike> };
    return typeof socket?.terminate === 'function' ? (socket as WebSocketLike) : undefined;
  }
}
