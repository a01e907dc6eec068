import { Server as NetServer, type Socket } from 'node:net';
import { hiddenProperty } from './hidden-property.ts';

/** The connections of a server, as Node keeps them for its own timeouts. */
interface ConnectionsList {
  /** The parsers that are in the middle of a request, from the first byte of its head to the last of its body. */
  active(): readonly object[];
}

/** What was asked for in this turn; in the next, more has been parsed. */
let turn: Map<NetServer, ReadonlySet<object>> | undefined;

const NONE: ReadonlySet<object> = new Set();

/**
 * Whether Node's parser of a connection is in the middle of a request, or has not seen one yet. Node keeps its list, the same
 * from Node 20 to 26, under a symbol that it does not export; where there is none, no parser is.
 */
export function isReceiving(socket: Socket, parser: object): boolean {
  const { server } = socket as { readonly server?: unknown };
  if (!(server instanceof NetServer)) return false;
  if (turn === undefined) {
    turn = new Map();
    queueMicrotask(() => (turn = undefined));
  }
  let receiving = turn.get(server);
  if (receiving === undefined) turn.set(server, (receiving = receivingParsers(server)));
  return receiving.has(parser);
}

function receivingParsers(server: NetServer): ReadonlySet<object> {
  const list = hiddenProperty(server, 'http.server.connections') as ConnectionsList | undefined;
  return typeof list?.active === 'function' ? new Set(list.active()) : NONE;
}
