import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { DrainPlan } from '../plan/drain-plan.ts';
import { healthRoute } from '../health/health.ts';
import { refuseStream, withoutQuery } from './http-answer.ts';

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => void;

/**
 * Has the streams of an HTTP/2 server refused, but for those of health routes, whether its handlers take streams or, by way of a
 * listener of Node's own, requests.
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
