import { isIPv6 } from 'node:net';
import { reachable } from './raw-target.ts';

/** A line that a process printed as JSON, such as one of pino's. */
export type LogLine = Readonly<Record<string, unknown>>;

/** What a line says when an app listens, as in "listening on http://localhost:3000", in plain text or in `msg`. */
export const LISTENING: RegExp = /\blistening (?:on|at):? https?:\/\//i;

/** Parses a line of NDJSON; `undefined` if it is plain text. */
export function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

/** What a line says: its `msg` if it is JSON, and else itself. */
export function textOf(line: string): string {
  const message = parseLogLine(line)?.['msg'];
  return typeof message === 'string' ? message : line;
}

/** The origin of the first URL with a port in `text`, under which it can be reached from here. */
export function originIn(text: string): string | undefined {
  const [, scheme, name, port] = /\b(https?):\/\/(\[[\da-f:.]+\]|[\w.-]+):(\d+)/i.exec(text) ?? [];
  if (scheme === undefined || name === undefined || port === undefined) return undefined;
  const host = reachable(name.replace(/^\[(.*)\]$/, '$1'));
  return `${scheme.toLowerCase()}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
