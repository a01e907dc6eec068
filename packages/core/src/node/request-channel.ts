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

const handlers = new Map<Server, OnRequest>();

function dispatch(message: unknown): void {
  const { request, response, server } = message as {
    request: IncomingMessage;
    response: ServerResponse;
    server: Server;
  };
  handlers.get(server)?.(request, response);
}

/** Calls `onRequest` for each request of one server: one subscription for all servers, there only while it is needed. */
export function listenForRequests(server: Server, onRequest: OnRequest): Cancel {
  if (handlers.size === 0) subscribe(CHANNEL, dispatch);
  handlers.set(server, onRequest);
  return () => {
    if (handlers.delete(server) && handlers.size === 0) unsubscribe(CHANNEL, dispatch);
  };
}
