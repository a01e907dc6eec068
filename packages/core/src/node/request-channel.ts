import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Cancel } from '../host.ts';

/** Told of each request before any listener of the server is. */
export type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Node publishes each request here with its server, in whatever order listeners were added, and also those that go to
 * `checkContinue` or `checkExpectation` instead of `request`.
 */
const CHANNEL = 'http.server.request.start';

/** More than one handler where several drains have the same server. */
const handlers = new Map<Server, readonly OnRequest[]>();

function dispatch(message: unknown): void {
  const { request, response, server } = message as {
    request: IncomingMessage;
    response: ServerResponse;
    server: Server;
  };
  const own = handlers.get(server);
  if (own !== undefined) for (const onRequest of own) onRequest(request, response);
}

/** Calls `onRequest` for each request of one server: one subscription for all servers, there only while it is needed. */
export function listenForRequests(server: Server, onRequest: OnRequest): Cancel {
  if (handlers.size === 0) subscribe(CHANNEL, dispatch);
  handlers.set(server, [...(handlers.get(server) ?? []), onRequest]);
  return () => {
    const others = handlers.get(server)?.filter((other) => other !== onRequest) ?? [];
    if (others.length > 0) handlers.set(server, others);
    else if (handlers.delete(server) && handlers.size === 0) unsubscribe(CHANNEL, dispatch);
  };
}
