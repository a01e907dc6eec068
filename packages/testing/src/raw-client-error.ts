/**
 * Why a raw client has no response to give.
 *
 * - `refused`: nobody listens there.
 * - `fin`: the server ended its side of the connection in order.
 * - `reset`: the connection was reset.
 * - `destroyed`: this side dropped the connection.
 * - `timeout`: time was up.
 * - `malformed`: what came is no HTTP/1.1 response.
 * - `error`: anything else; see `cause`.
 */
export type RawClientErrorReason = 'refused' | 'fin' | 'reset' | 'destroyed' | 'timeout' | 'malformed' | 'error';

/** How a connection ended. */
export type ConnectionEnding = Exclude<RawClientErrorReason, 'refused' | 'timeout'>;

/** What went wrong on a raw connection. The message says what was waited for and what had arrived until then. */
export class RawClientError extends Error {
  override readonly name = 'RawClientError';
  readonly reason: RawClientErrorReason;
  /** What had arrived of the response that was waited for. */
  readonly partial: string;

  constructor(reason: RawClientErrorReason, message: string, partial = '', options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.partial = partial;
  }
}

/** The message for a response that did not come. */
export function describeReason(
  reason: 'timeout' | ConnectionEnding,
  waitedFor: string,
  partial: string,
  timeout: number,
  cause: unknown,
): string {
  const why = {
    fin: 'the server ended the connection',
    reset: 'the connection was reset',
    destroyed: 'this client dropped the connection',
    timeout: `timed out after ${timeout} ms`,
    malformed: `what came is no response (${messageOf(cause)})`,
    error: `the connection failed (${messageOf(cause)})`,
  }[reason];
  const shown = partial.length > 500 ? `${partial.slice(0, 500)}…` : partial;
  const arrived = partial === '' ? 'nothing of it had arrived' : `had arrived so far: ${JSON.stringify(shown)}`;
  return `${why} while waiting for ${waitedFor}; ${arrived}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What an error of a connected socket stands for. */
export function endingOf(error: unknown): 'reset' | 'error' {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED' ? 'reset' : 'error';
}

/** What an error of a socket that was to connect stands for; a unix socket that is gone is refused, too. */
export function refusalOf(error: unknown): 'refused' | 'reset' | 'error' {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNREFUSED' || code === 'ENOENT' ? 'refused' : endingOf(error);
}
