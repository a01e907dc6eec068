import { requestKey, type HttpDrain, type RequestKey } from '@drainkit/core/node';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';

const REQUEST: unique symbol = Symbol('drainkit.request');
const HANDLING: unique symbol = Symbol('drainkit.handling');

/** What Fastify prints where there are none. */
const NO_ROUTES = '(empty tree)';

/** What stands for a request, with what Fastify knows of it. Properties, for a WeakMap costs more than counting the request. */
type MarkedRequest = RequestKey & {
  [REQUEST]?: FastifyRequest;
  [HANDLING]?: PromiseLike<unknown>;
};

/**
 * Marks what stands for each request with its Fastify request and, where the handler is asynchronous, with the handler's promise;
 * and has those that are injected pass the drain, as those that come to a server have before.
 *
 * Done around the handler: a hook of its own for each request costs more than all else. Only where routes were there before
 * the plugin, which is what comes of registering it without `await`, a hook is the one way to them.
 */
export function markRequests(app: FastifyInstance, drain: HttpDrain): void {
  app.addHook('onRoute', (route) => {
    const { handler, websocket } = route as typeof route & { readonly websocket?: boolean };
    // @fastify/websocket calls it with a socket, not with a request.
    if (websocket === true) return;
    route.handler = function (request, reply) {
      const marked = mark(drain, request, reply);
      if (marked === undefined) return undefined;
      const result = handler.call(this, request, reply);
      // A reply has a `then` of its own, which only tells of the response.
      if (result instanceof Promise) marked[HANDLING] = result;
      return result;
    };
  });
  if (!hasRoutes(app)) return;
  app.addHook('onRequest', (request, reply, done) => {
    if (mark(drain, request, reply) !== undefined) done();
  });
}

/** @returns what stands for the request; `undefined` for one that does not go on to the app. */
function mark(drain: HttpDrain, request: FastifyRequest, reply: FastifyReply): MarkedRequest | undefined {
  const marked: MarkedRequest = requestKey(request.raw);
  if (isInjected(marked) && marked[REQUEST] === undefined && !admits(drain, request, reply)) return undefined;
  marked[REQUEST] = request;
  return marked;
}

/** Has a request that is injected pass the drain. @returns whether it goes on to the app. */
export function admits(drain: HttpDrain, request: FastifyRequest, reply: FastifyReply): boolean {
  if (drain.admits(request.raw, reply.raw)) return true;
  reply.hijack();
  return false;
}

/** Whether a request was made by `inject()`, which gives it a socket that belongs to no server. A stream has none at all. */
function isInjected(key: RequestKey): boolean {
  const { socket } = key as { readonly socket?: Socket & { readonly server?: unknown } };
  return socket !== undefined && socket.server === undefined;
}

function hasRoutes(app: FastifyInstance): boolean {
  return app.printRoutes({ commonPrefix: false }) !== NO_ROUTES;
}

/** The route pattern of a request: `/orders/:id`. */
export function describe(request: RequestKey): string | undefined {
  return (request as MarkedRequest)[REQUEST]?.routeOptions.url;
}

/** The promise of a request's handler, where it has one. */
export function handling(request: RequestKey): PromiseLike<unknown> | undefined {
  return (request as MarkedRequest)[HANDLING];
}
