import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEALTH_TYPE, type HealthAnswer } from '../health.ts';

/** The path of a request, without its query; where a router has cut `url` short, as it was before. */
export function pathOf(request: IncomingMessage): string {
  return withoutQuery((request as { originalUrl?: string }).originalUrl ?? request.url ?? '/');
}

export function withoutQuery(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

/** Whether a request asks for a health route in a way that one answers: GET or HEAD. */
export function isReading(request: IncomingMessage): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

export function answerHealth(response: ServerResponse, { statusCode, body }: HealthAnswer): void {
  answer(response, statusCode, body, HEALTH_TYPE, { 'Cache-Control': 'no-store' });
}

const REFUSED = '{"statusCode":503,"error":"Service Unavailable","message":"draining"}';

/** 503 with Retry-After (RFC 9110 section 15.6.4), for a request that is refused because of the drain. */
export function answerRefused(response: ServerResponse, retryAfterMs: number): void {
  answer(response, 503, REFUSED, 'application/json', {
    'Cache-Control': 'no-store',
    'Retry-After': String(Math.ceil(retryAfterMs / 1_000)),
  });
}

/** An answer that says no more than its status. */
export function answerEmpty(response: ServerResponse, statusCode: number, headers: Record<string, string> = {}): void {
  response.writeHead(statusCode, { 'Content-Length': 0, 'Cache-Control': 'no-store', ...headers }).end();
}

function answer(
  response: ServerResponse,
  statusCode: number,
  body: string,
  type: string,
  headers: Record<string, string>,
): void {
  // `end` leaves the body out of an answer to HEAD by itself.
  response
    .writeHead(statusCode, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      ...headers,
    })
    .end(body);
}
