import { Server as NetServer, type Socket } from 'node:net';

/** The connections of a server, as Node keeps them for its own timeouts. */
interface ConnectionsList {
  /** The parsers that are between two requests: not in the middle of a head or a body. */
  idle(): readonly object[];
}

/** What was asked for in this turn; in the next, more has been parsed. */
let turn: Map<NetServer, ReadonlySet<object> | undefined> | undefined;

/**
 * Whether Node's parser of a connection is between two requests; `undefined` where Node does not know. It keeps its list, the
 * same from Node 20 to 26, under a symbol that it does not export.
 */
export function isBetweenRequests(socket: Socket, parser: object): boolean | undefined {
  const { server } = socket as { readonly server?: unknown };
  if (!(server instanceof NetServer)) return undefined;
  if (turn === undefined) {
    turn = new Map();
    queueMicrotask(() => (turn = undefined));
  }
  if (!turn.has(server)) turn.set(server, idleParsers(server));
  return turn.get(server)?.has(parser);
}

function idleParsers(server: NetServer): ReadonlySet<object> | undefined {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'http.server.connections');
  if (key === undefined) return undefined;
  const list = (server as unknown as Record<symbol, ConnectionsList | undefined>)[key];
  return typeof list?.idle === 'function' ? new Set(list.idle()) : undefined;
}
