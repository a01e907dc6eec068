import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import type { DrainPlan } from '../plan/drain-plan.ts';
import { healthRoute } from '../health/health.ts';
import { answerRefused, pathOf, refuseStream, withoutQuery } from './http-answer.ts';

/**
 * Puts one listener in place of a server's own, whatever framework they belong to: requests for health routes still reach
 * those, all others are refused. Done once, when it is wanted, so that nothing is paid for it while serving.
 */
export function refuseRequests(server: Server, plan: DrainPlan, healthPrefix: string, onRefused: () => void): void {
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
    const listeners = server.listeners(event) as ((request: IncomingMessage, response: ServerResponse) => void)[];
    if (listeners.length === 0) continue;
    server.removeAllListeners(event);
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (healthRoute(plan, healthPrefix, pathOf(request)) !== undefined) {
        for (const listener of listeners) listener.call(server, request, response);
        return;
      }
      onRefused();
      answerRefused(response, plan.retryAfter);
    });
  }
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => void;

/**
 * The same for the streams of an HTTP/2 server, whether its handlers take those or, by way of a listener of Node's own, requests.
 *
 * @param counting - the listener that goes on being told of each.
 */
export function refuseStreams(
  server: Http2Server,
  counting: StreamListener,
  plan: DrainPlan,
  healthPrefix: string,
  onRefused: () => void,
): void {
  const listeners = (server.listeners('stream') as StreamListener[]).filter((listener) => listener !== counting);
  for (const listener of listeners) server.off('stream', listener);
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
    if (healthRoute(plan, healthPrefix, withoutQuery(headers[':path'] ?? '')) !== undefined) {
      for (const listener of listeners) listener.call(server, stream, headers, ...rest);
      return;
    }
    onRefused();
    refuseStream(stream, plan.retryAfter);
  });
}
