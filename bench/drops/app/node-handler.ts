import type { IncomingMessage, ServerResponse } from 'node:http';
import { failLater, greet, greetSlowly, streamEvents } from './handlers.ts';

export function nodeHandler(request: IncomingMessage, response: ServerResponse): void {
  // Answered when all of the request is there, as the frameworks do.
  request.resume().on('end', () => {
    if (request.url === '/events') return streamEvents(response);
    void bodyFor(request.url).then((body) => response.end(body));
  });
}

async function bodyFor(url: string | undefined): Promise<string> {
  if (url === '/hang') return new Promise(() => {});
  if (url === '/slow') return greetSlowly();
  return url === '/fault' ? failLater() : greet();
}
