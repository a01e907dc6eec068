import type { HttpDrain } from '@drainkit/core/node';
import type { FastifyInstance } from 'fastify';
import { hiddenSymbol } from './hidden-symbol.ts';
import { admits } from './marked-request.ts';

/** For @fastify/swagger. */
const HIDDEN: object = { hide: true };

/**
 * The health routes for requests that are injected. Requests to a server never come to them: they are answered before Fastify is
 * asked, and what comes here is only a path that Fastify takes for the same, such as `/READY`.
 */
export function addHealthRoutes(app: FastifyInstance, drain: HttpDrain): void {
  if (drain.healthServer !== undefined) return;
  const { readyPath, livePath, startupPath } = drain.plan;
  for (const path of [readyPath, livePath, startupPath]) {
    // A wildcard cannot be had as itself.
    if (path === false || path.includes('*')) continue;
    withoutHooks(app).route({
      method: ['GET', 'HEAD'],
      url: path.replaceAll(':', '::'),
      logLevel: 'silent',
      schema: HIDDEN,
      handler: (request, reply) => {
        if (admits(drain, request, reply)) reply.callNotFound();
      },
    });
  }
}

/** The app as if it had no hooks: one that asks who is there is not for probes. Fastify keeps them under a symbol that it does not export. */
function withoutHooks(app: FastifyInstance): FastifyInstance {
  const symbol = hiddenSymbol(app, 'fastify.hooks');
  if (symbol === undefined) return app;
  const hooks = (app as unknown as Record<symbol, object>)[symbol] ?? {};
  const none = Object.fromEntries(Object.keys(hooks).map((name) => [name, []]));
  return Object.create(app, { [symbol]: { value: none } }) as FastifyInstance;
}
