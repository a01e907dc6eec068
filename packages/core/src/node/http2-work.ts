import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Arrival } from './arrival-watch.ts';
import { withoutQuery } from './http-answer.ts';
import { LazySignals } from './request-signals.ts';

/** Of RFC 9113 section 5.1: the client has sent all it has to send on a stream. */
const HALF_CLOSED_REMOTE = 6;

/** One HTTP/2 request and what is known of it. */
export class Http2Work extends LazySignals implements Arrival {
  readonly stream: ServerHttp2Stream;
  readonly method: string;
  readonly path: string;
  readonly beganAt: number;
  readonly #expectsContinue: boolean;
  /** Whether it was upgraded by an extended CONNECT (RFC 8441), or is a tunnel: not a request any more. */
  readonly isTunnel: boolean;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, beganAt: number) {
    super();
    this.stream = stream;
    this.method = headers[':method'] ?? '';
    this.path = withoutQuery(headers[':path'] ?? headers[':authority'] ?? '');
    this.beganAt = beganAt;
    this.isTunnel = this.method === 'CONNECT';
    this.#expectsContinue = headers.expect === '100-continue';
  }

  get isArriving(): boolean {
    const { stream } = this;
    if (this.isTunnel || stream.closed || stream.destroyed) return false;
    return (stream.state.state ?? HALF_CLOSED_REMOTE) < HALF_CLOSED_REMOTE;
  }

  /**
   * Whether its body waits for its handler to read it, or for the handler's leave to be sent; or the answer has begun, and
   * both sides may be talking (as gRPC does).
   */
  get isHeldUp(): boolean {
    return this.stream.headersSent || this.stream.readableLength > 0 || this.#awaitsContinue;
  }

  get #awaitsContinue(): boolean {
    if (!this.#expectsContinue) return false;
    return !this.stream.sentInfoHeaders?.some(({ ':status': status }) => status === constants.HTTP_STATUS_CONTINUE);
  }

  /** Changes whenever a part of the body arrives: what is left of the stream's flow-control window. */
  get arrived(): number {
    return this.stream.state.localWindowSize ?? 0;
  }

  /** Ends it with 408 (RFC 9110 section 15.5.9), and asks its client not to send the rest (RFC 9113 section 8.1). */
  timeOut(): void {
    this.stream.respond({ ':status': 408, 'content-length': 0 }, { endStream: true });
    this.stream.close(constants.NGHTTP2_NO_ERROR);
  }
}
