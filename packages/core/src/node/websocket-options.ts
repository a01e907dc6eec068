import { DrainError } from '../drain-error.ts';
import { show } from '../plan/drain-plan.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import { noOption } from '../plan/nearest.ts';
import { engineOf } from './socket-io-server.ts';
import type { WebSocketServerLike } from './websocket-drainable.ts';

export interface WebSocketOptions {
  /** The close code: 1001 going away (RFC 6455 section 7.4.1), or 1012 service restart (IANA). @default 1001 */
  readonly code?: number;
  /** At most 123 bytes. @default 'server is shutting down' */
  readonly reason?: string;
  /** Over what time the close frames are spread, so that clients do not come back all at once; the window at most. @default the window */
  readonly spread?: Duration;
  /** How long a peer may take to answer a close frame before it is cut off. Milliseconds or `'1s'`. @default '1s' */
  readonly closeTimeout?: Duration;
}

/** Options resolved. Times are in milliseconds. */
export interface WebSocketPlan {
  readonly code: number;
  readonly reason: string;
  readonly spread: number;
  readonly closeTimeout: number;
}

/** What a close frame has room for beside its code (RFC 6455 section 5.5). */
const LONGEST_REASON = 123;

const NAMES = ['code', 'reason', 'spread', 'closeTimeout'];

/** @throws DrainError `DRAIN_CLIENTS_INVALID`, listing every problem. */
export function readWebSocketOptions(server: unknown, options: WebSocketOptions, window: number): WebSocketPlan {
  const problems: string[] = [];
  const check = (name: string, value: unknown, allowed: string, isAllowed: boolean): void => {
    if (value !== undefined && !isAllowed) problems.push(`${name} is ${show(value)}; allowed: ${allowed}`);
  };
  const { code, reason, spread, closeTimeout } = options;
  if (!isWebSocketServer(server) && engineOf(server) === undefined) {
    problems.push(
      'the server has no set of clients; allowed: a WebSocketServer of ws, without clientTracking: false, or a Server of socket.io that is attached to an HTTP server',
    );
  }
  check('code', code, '1000 to 1014 without 1004 to 1006, or 3000 to 4999', isCloseCode(code));
  check('reason', reason, `a string of at most ${LONGEST_REASON} bytes`, isReason(reason));
  check('spread', spread, DURATION_FORM, parseDuration(spread) !== undefined);
  check('closeTimeout', closeTimeout, DURATION_FORM, parseDuration(closeTimeout) !== undefined);
  for (const name of Object.keys(options).filter((key) => !NAMES.includes(key))) {
    problems.push(noOption(name, NAMES));
  }
  if (problems.length > 0) throw new DrainError('DRAIN_CLIENTS_INVALID', `websockets(): ${problems.join('; ')}`);
  return {
    code: code ?? 1001,
    reason: reason ?? 'server is shutting down',
    spread: Math.min(parseDuration(spread) ?? window, window),
    closeTimeout: parseDuration(closeTimeout) ?? 1_000,
  };
}

function isWebSocketServer(server: unknown): boolean {
  if (typeof server !== 'object' || server === null) return false;
  const { clients, on } = server as Partial<WebSocketServerLike>;
  return typeof clients === 'object' && Symbol.iterator in clients && typeof on === 'function';
}

/** What may be sent in a close frame (RFC 6455 section 7.4). */
function isCloseCode(code: unknown): boolean {
  if (!Number.isInteger(code)) return false;
  const value = code as number;
  return (value >= 1000 && value <= 1014 && (value < 1004 || value > 1006)) || (value >= 3000 && value <= 4999);
}

function isReason(reason: unknown): boolean {
  return typeof reason === 'string' && Buffer.byteLength(reason) <= LONGEST_REASON;
}
