import { requestKey, type RequestKey } from '@drainkit/core/node';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const REQUEST: unique symbol = Symbol('drainkit.request');
const HANDLING: unique symbol = Symbol('drainkit.handling');

/** What stands for a request, with what Fastify knows of it. Properties, for a WeakMap costs more than counting the request. */
type MarkedRequest = RequestKey & {
  [REQUEST]?: FastifyRequest;
  [HANDLING]?: PromiseLike<unknown>;
};

/** Marks what stands for each request with its Fastify request and, where the handler is asynchronous, with the handler's promise. */
export function markRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    (requestKey(request.raw) as MarkedRequest)[REQUEST] = request;
    done();
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const result = handler.call(this, request, reply);
      // A reply has a `then` of its own, which only tells of the response.
      if (result instanceof Promise) (requestKey(request.raw) as MarkedRequest)[HANDLING] = result;
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
