export interface RawRequestOptions {
  /** Added to, or instead of, `Host` and `Content-Length`, which are sent by default; in any case of letters. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is. Without a length or transfer encoding of your own, its length is sent with it. */
  readonly body?: string;
}

/** The text of a whole request. */
export function requestText(method: string, path: string, host: string, options: RawRequestOptions = {}): string {
  const { headers = {}, body } = options;
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!given.has('host')) lines.push(`Host: ${host}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined && !given.has('content-length') && !given.has('transfer-encoding')) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
}

/** Finds the request lines in raw text that may be cut anywhere, since how a response ends depends on the method. */
export class RequestLines {
  #line = '';

  /** Takes what is sent; returns the request lines that are whole with it. */
  push(text: string): RequestLine[] {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r?$/.exec(line) ?? [];
      return method === undefined || path === undefined ? [] : { method, path };
    });
  }
}
