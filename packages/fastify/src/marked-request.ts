import { requestKey, type RequestKey } from '@drainkit/core/node';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const REQUEST: unique symbol = Symbol('drainkit.request');
const HANDLING: unique symbol = Symbol('drainkit.handling');

/** What stands for a request, with what Fastify knows of it. Properties, for a WeakMap costs more than counting the request. */
type MarkedRequest = RequestKey & {
  [REQUEST]?: FastifyRequest;
  [HANDLING]?: PromiseLike<unknown>;
};

/**
 * Marks what stands for each request with its Fastify request and, where the handler is asynchronous, with the handler's promise.
 * Done around the handler: a hook of its own for each request costs more than all else.
 */
export function markRequests(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { handler, websocket } = route as typeof route & { readonly websocket?: boolean };
    // @fastify/websocket calls it with a socket, not with a request.
    if (websocket === true) return;
    route.handler = function (request, reply) {
      const marked: MarkedRequest = requestKey(request.raw);
      marked[REQUEST] = request;
      const result = handler.call(this, request, reply);
      // A reply has a `then` of its own, which only tells of the response.
      if (result instanceof Promise) marked[HANDLING] = result;
      return result;
    };
  });
}

/** The route pattern of a request: `/orders/:id`. */
export function describe(request: RequestKey): string | undefined {
  return (request as MarkedRequest)[REQUEST]?.routeOptions.url;
}

/** The promise of a request's handler, where it has one. */
export function handling(request: RequestKey): PromiseLike<unknown> | undefined {
  return (request as MarkedRequest)[HANDLING];
}
