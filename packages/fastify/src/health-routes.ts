import { healthRoute } from '@drainkit/core';
import type { HttpDrain } from '@drainkit/core/node';
import type { FastifyInstance } from 'fastify';
import { hiddenSymbol } from './hidden-symbol.ts';
import { admits } from './marked-request.ts';

/** For @fastify/swagger. */
const HIDDEN: object = { hide: true };

/**
 * The health routes for requests that are injected. Requests to a server are answered before Fastify is asked; of them only
 * those come here that `rewriteUrl` has made such, and paths that a lenient router takes for the same, such as `/READY`: they
 * are not found.
 */
export function addHealthRoutes(app: FastifyInstance, drain: HttpDrain): void {
  const { plan, healthServer } = drain;
  if (healthServer !== undefined) return;
  const { readyPath, livePath, startupPath } = plan;
  for (const path of [readyPath, livePath, startupPath]) {
    // A wildcard cannot be had as itself.
    if (path === false || path.includes('*')) continue;
    withoutHooks(app).route({
      method: ['GET', 'HEAD'],
      url: path.replaceAll(':', '::'),
      logLevel: 'silent',
      schema: HIDDEN,
      handler: (request, reply) => {
        if (!admits(drain, request, reply)) return;
        const [url = ''] = (request.raw.url ?? '').split('?', 1);
        const route = healthRoute(plan, app.prefix, url);
        if (route === undefined) return reply.callNotFound();
        reply.hijack();
        drain.answerHealth(route, reply.raw);
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
