import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import { HEALTH_TYPE, type HealthAnswer } from '../health/health.ts';
import type { StreamResponse } from './stream-response.ts';

/** A request of node:http, or the one that node:http2 makes in its likeness. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;

export type AnyResponse = ServerResponse | Http2ServerResponse | StreamResponse;

/** As much of a request as says what is asked for. */
export type Asked = Pick<IncomingMessage, 'method' | 'url'>;

/** The path of a request, without its query; where a router has cut `url` short, as it was before. */
export function pathOf(request: Asked): string {
  return withoutQuery((request as { originalUrl?: string }).originalUrl ?? request.url ?? '/');
}

/** The path of a request target, without its query. A target may be a whole URL (RFC 9112 section 3.2), with a password in it. */
export function withoutQuery(target: string): string {
  if (target.startsWith('/')) return beforeQuery(target);
  const path = beforeQuery(target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, ''));
  // What is left of `CONNECT user:password@host:443` is where it leads.
  return path === '' ? '/' : path.replace(/^[^/]*@/, '');
}

function beforeQuery(url: string): string {
  const query = url.indexOf('?');
  // Where a client has sent a fragment against all rules, it may stand before a '?'.
  const fragment = url.indexOf('#');
  if (query === -1 && fragment === -1) return url;
  return url.slice(0, query === -1 || (fragment !== -1 && fragment < query) ? fragment : query);
}

/** Whether a request asks for a health route in a way that one answers: GET or HEAD. */
export function isReading(request: Asked): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

export function answerHealth(response: AnyResponse, { statusCode, body }: HealthAnswer): void {
  answer(response, statusCode, body, { 'Content-Type': HEALTH_TYPE, 'Cache-Control': 'no-store' });
}

const REFUSED = '{"statusCode":503,"error":"Service Unavailable","message":"draining"}';

/** 503 with Retry-After (RFC 9110 section 15.6.4), for a request that is refused because of the drain. */
export function answerRefused(response: AnyResponse, retryAfterMs: number): void {
  answer(response, 503, REFUSED, refusalHeaders(retryAfterMs));
}

/** An answer that says no more than its status. */
export function answerEmpty(response: ServerResponse, statusCode: number, headers: Record<string, string> = {}): void {
  response.writeHead(statusCode, { 'Content-Length': 0, 'Cache-Control': 'no-store', ...headers }).end();
}

/** A refusal of an upgrade: of its connection only the socket is left. */
export function refuseUpgrade(socket: Duplex, retryAfterMs: number): void {
  const headers = { Connection: 'close', ...withLength(REFUSED, refusalHeaders(retryAfterMs)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 503 Service Unavailable\r\n${lines.join('')}\r\n${REFUSED}`, () => socket.destroy());
}

function refusalHeaders(retryAfterMs: number): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Retry-After': String(Math.ceil(retryAfterMs / 1_000)),
  };
}

function answer(response: AnyResponse, statusCode: number, body: string, headers: Record<string, string>): void {
  const target: {
    writeHead(statusCode: number, headers: Record<string, string>): unknown;
    end(body: string): unknown;
  } = response;
  target.writeHead(statusCode, withLength(body, headers));
  // `end` leaves the body out of an answer to HEAD by itself.
  target.end(body);
}

function withLength(body: string, headers: Record<string, string>): Record<string, string> {
  return { 'Content-Length': String(Buffer.byteLength(body)), ...headers };
}
