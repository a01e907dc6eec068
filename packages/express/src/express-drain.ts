import { HttpDrain, type RequestKey } from '@drainkit/core/node';
import type { DrainOptions } from '@drainkit/core';
import type { RequestHandler } from 'express';
import { pino } from 'pino';
import { mountPattern, type RoutedRequest } from './mount-pattern.ts';

/** A drain with Express middleware. Make it with `createDrain`. */
export class ExpressDrain extends HttpDrain {
  constructor(options: DrainOptions = {}) {
    super({ ...options, logger: options.logger ?? pino({ name: 'drainkit' }) }, { describe: describeRoute });
  }

  /**
   * For requests that come to no attached server, as those that supertest sends to an app: answers the health routes, and
   * refuses where the options say so; all else goes on. Mount it first. A server that was not attached is attached by its first
   * request.
   */
  middleware(): RequestHandler {
    return (request, response, next) => {
      if (this.admits(request, response)) next();
    };
  }
}

/** `/orders/:id`, from the time on when Express has found the route. */
function describeRoute(message: RequestKey): string | undefined {
  const request = message as RequestKey & RoutedRequest;
  return request.route === undefined ? undefined : `${mountPattern(request)}${String(request.route.path)}`;
}
