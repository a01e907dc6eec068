import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { pathOf } from './http-answer.ts';

/**
 * Puts one listener in place of a server's own, whatever framework they belong to: requests for health routes still reach
 * those, all others are refused. Done once, when it is wanted, so that nothing is paid for it while serving.
 */
export function replaceRequestListeners(
  server: Server,
  isHealth: (path: string) => boolean,
  refuse: (response: ServerResponse) => void,
): void {
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
    const listeners = server.listeners(event) as ((request: IncomingMessage, response: ServerResponse) => void)[];
    if (listeners.length === 0) continue;
    server.removeAllListeners(event);
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (!isHealth(pathOf(request))) return refuse(response);
      for (const listener of listeners) listener.call(server, request, response);
    });
  }
}
