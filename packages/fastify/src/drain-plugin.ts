import { DrainError, type DrainLogger, type DrainOptions } from '@drainkit/core';
import { HttpDrain, type RequestSignals, type WebSocketServerLike } from '@drainkit/core/node';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { FastifyClose } from './fastify-close.ts';
import { addHealthRoutes } from './health-routes.ts';
import { describe, handling, markRequests } from './marked-request.ts';
import { secondaryServers } from './secondary-servers.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The drain of this app. */
    readonly drain: HttpDrain;
  }
  interface FastifyRequest {
    /** What this request's handler learns about the drain. */
    readonly drain: RequestSignals;
  }
}

const registered = new WeakSet<object>();

/**
 * Takes a Fastify app out of rotation on SIGTERM, waits for what is in flight, runs `app.close()`, then closes the
 * resources that were registered with `app.drain.resource()`, last registered first. Register it first, at the root, and `await` that: routes that were there before it cost more.
 *
 * `app.close()` by hand drains what is in flight, without the window, and leaves the process alive.
 *
 * @throws DrainError `DRAIN_OPTIONS_INVALID`, `DRAIN_ALREADY_REGISTERED`, `DRAIN_SERVER_INVALID`
 */
async function plugin(app: FastifyInstance, options: DrainOptions): Promise<void> {
  if (registered.has(app.server)) throw new DrainError('DRAIN_ALREADY_REGISTERED');
  registered.add(app.server);

  const logger = options.logger ?? loggerOf(app.log);
  const drain = new HttpDrain({ ...options, logger }, { describe, handling, healthPrefix: app.prefix });
  drain.attach(app.server);
  app.decorate('drain', drain);
  app.decorateRequest('drain', {
    getter(this: FastifyRequest) {
      return drain.request(this.raw);
    },
  });
  markRequests(app, drain);
  app.addHook('onReady', async () => {
    // @fastify/websocket closes its clients only when the app closes, which would be when they have all gone.
    if (app.hasDecorator('websocketServer')) drain.websockets(app.getDecorator<WebSocketServerLike>('websocketServer'));
  });
  app.addHook('onListen', async () => {
    for (const server of secondaryServers(app)) drain.attach(server);
  });
  addHealthRoutes(app, drain);

  const close = new FastifyClose(app, drain);
  app.addHook('preClose', async () => close.onPreClose());
  app.addHook('onClose', () => close.onClose());
  drain.framework('fastify', () => close.run());
}

/** Fastify without a logger has one whose methods are all the same and do nothing: then nobody would say what went wrong. */
function loggerOf(log: FastifyBaseLogger): DrainLogger | false {
  return log.info === log.error ? false : log;
}

export const drainPlugin: typeof plugin = fp(plugin, { name: '@drainkit/fastify', fastify: '5.x' });
