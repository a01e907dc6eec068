import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { AnyResponse, Asked } from './http-answer.ts';

/** What stands for one request: in HTTP/1 the message, in HTTP/2 the stream. */
export type RequestKey = IncomingMessage | ServerHttp2Stream;

/** What a framework knows of its routes. */
export interface Routes {
  /** The route pattern of a request, such as `/orders/:id`, where it has one: reports then name that, and not the path. */
  readonly describe: (request: RequestKey) => string | undefined;
  /** The promise of a request's handler, where it is known: a handler can go on after its client has left. */
  readonly handling: (request: RequestKey) => PromiseLike<unknown> | undefined;
  /** Answers a request that is for a health route, and says whether it was. */
  readonly serveHealth: (request: Asked, response: AnyResponse) => boolean;
  /** What stands before the paths of the health routes. */
  readonly healthPrefix: string;
}

/** What stands for a request, given the request object of either. */
export function requestKey(request: IncomingMessage | { readonly stream: ServerHttp2Stream }): RequestKey {
  return 'stream' in request ? request.stream : request;
}
