import type { ServerHttp2Stream } from 'node:http2';

/**
 * The answer to a stream of HTTP/2, in the likeness of a response. Node's own likeness listens to the stream, as long as that
 * lasts, which may yet belong to somebody else.
 */
export class StreamResponse {
  readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.stream = stream;
  }

  /** Does nothing where the client has left. */
  writeHead(statusCode: number, headers: Record<string, string>): void {
    // Whoever waits for the rest of a body does so in vain: nobody is to learn of it as an uncaught error.
    this.stream.on('error', () => {});
    if (!this.stream.closed && !this.stream.destroyed) this.stream.respond({ ':status': statusCode, ...headers });
  }

  /** Leaves the body out of an answer to HEAD. */
  end(body: string): void {
    if (this.stream.writable) this.stream.end(body);
  }
}
