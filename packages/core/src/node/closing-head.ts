import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Pair = [name: string, value: OutgoingHttpHeader];
type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[] | Pair[];
type WriteHead = (status: number, ...rest: unknown[]) => ServerResponse;

/**
 * Has a response say `Connection: close` whatever its handler says there, a proxy's `keep-alive` for one, which Node would
 * take as the last word.
 *
 * @param isLast - asked when the headers are written.
 */
export function closeInHead(response: ServerResponse, isLast: () => boolean): void {
  const writeHead = response.writeHead.bind(response) as WriteHead;
  const write: WriteHead = (status, ...rest) => {
    if (!isLast()) return writeHead(status, ...rest);
    const said = response.getHeader('connection');
    if (said !== undefined) response.setHeader('Connection', closing(said));
    return writeHead(status, ...rest.map((part) => (isHeaders(part) ? withClose(part) : part)));
  };
  response.writeHead = write;
}

function isHeaders(part: unknown): part is Headers {
  return typeof part === 'object' && part !== null;
}

/** Headers as `writeHead` takes them: an object, a list of names and values in turn, or a list of pairs. */
function withClose(headers: Headers): Headers {
  if (!Array.isArray(headers)) {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value && closingIn(name, value)]));
  }
  if (isPairs(headers)) return headers.map(([name, value]): Pair => [name, closingIn(name, value)]);
  return headers.map((item, index) => (index % 2 === 1 ? closingIn(String(headers[index - 1]), item) : item));
}

function isPairs(headers: OutgoingHttpHeader[] | Pair[]): headers is Pair[] {
  return Array.isArray(headers[0]) && headers[0].length === 2;
}

function closingIn(name: string, value: OutgoingHttpHeader): OutgoingHttpHeader {
  return name.toLowerCase() === 'connection' ? closing(value) : value;
}

/** Other options of the connection stay (RFC 9110 section 7.6.1). */
function closing(said: OutgoingHttpHeader): string {
  const options = String(said)
    .split(',')
    .map((option) => option.trim())
    .filter((option) => !/^(close|keep-alive)?$/i.test(option));
  return ['close', ...options].join(', ');
}
