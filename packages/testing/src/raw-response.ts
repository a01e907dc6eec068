/** An interim answer, such as 100 Continue. */
export interface InformationalResponse {
  readonly status: number;
  readonly statusMessage: string;
  /** By lower-case name; repeated ones are joined with `', '`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A whole HTTP/1.1 response, as it came over the wire. */
export interface RawResponse extends InformationalResponse {
  /** Such as `'1.1'`. */
  readonly httpVersion: string;
  /** Decoded as UTF-8, without the chunks' framing. Empty after an upgrade: see `upgraded` of the client. */
  readonly body: string;
  /** What followed the last chunk; by lower-case name. */
  readonly trailers: Readonly<Record<string, string>>;
  /** The 1xx answers that came before this one. */
  readonly informational: readonly InformationalResponse[];
}

/** Status line and headers. */
export interface ResponseHead extends InformationalResponse {
  readonly httpVersion: string;
}

/** The bytes are no HTTP/1.1 response. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
}

/** Parses status line and headers, without the empty line that ends them. */
export function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, httpVersion, status, statusMessage = ''] = /^HTTP\/(1\.[01]) (\d{3})(?: (.*))?$/.exec(statusLine) ?? [];
  if (httpVersion === undefined || status === undefined) {
    throw new MalformedResponseError(`not a status line: ${JSON.stringify(statusLine)}`);
  }
  return { httpVersion, status: Number(status), statusMessage, headers: parseFields(lines) };
}

/** Parses header or trailer lines. */
export function parseFields(lines: readonly string[]): Record<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) throw new MalformedResponseError(`not a header: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    const before = fields.get(key);
    fields.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(fields);
}
