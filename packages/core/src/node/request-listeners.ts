import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { DrainPlan } from '../drain-plan.ts';
import { healthRoute } from '../health.ts';
import { answerRefused, pathOf } from './http-answer.ts';

/**
 * Puts one listener in place of a server's own, whatever framework they belong to: requests for health routes still reach
 * those, all others are refused. Done once, when it is wanted, so that nothing is paid for it while serving.
 */
export function refuseRequests(server: Server, plan: DrainPlan, healthPrefix: string, onRefused: () => void): void {
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
    const listeners = server.listeners(event) as ((request: IncomingMessage, response: ServerResponse) => void)[];
    if (listeners.length === 0) continue;
    server.removeAllListeners(event);
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (healthRoute(plan, healthPrefix, pathOf(request)) !== undefined) {
        for (const listener of listeners) listener.call(server, request, response);
        return;
      }
      onRefused();
      answerRefused(response, plan.retryAfter);
    });
  }
}
