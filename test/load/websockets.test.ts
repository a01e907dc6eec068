import { spawnApp, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { WebSocketFigures } from './apps/websocket-clients.ts';
import type { WebSocketServerEnd } from './apps/websocket-server.ts';
import { countFrom, toldBy } from './load.ts';

const SOCKETS = countFrom('DRAINKIT_WEBSOCKETS', 2_000);
const WINDOW = 2_000;
const SLICE = 100;

test(
  `${SOCKETS} WebSockets are closed evenly over the window`,
  // A server that gets no CPU for a while has to make up for it.
  { timeout: 40_000, retry: 2 },
  async () => {
    const server = await spawnApp(new URL('./apps/websocket-server.ts', import.meta.url), {
      env: { DRAIN_WINDOW: String(WINDOW), DRAIN_WINDOW_MIN: String(WINDOW) },
    });
    onTestFinished(() => server.kill());
    const clients = await spawnApp(new URL('./apps/websocket-clients.ts', import.meta.url), {
      args: [String(server.port), String(SOCKETS)],
      readyPattern: /^connections open/,
      startTimeout: 20_000,
    });
    onTestFinished(() => clients.kill());

    const signalledAt = performance.timeOrigin + performance.now();
    server.signal('SIGTERM');
    const { code } = await within('the server to exit', 15_000, server.exited);
    await within('the clients to end', 5_000, clients.exited);
    const { codes } = toldBy(clients, 'clients ended') as WebSocketFigures;
    const { report, closedAt } = toldBy(server, 'ended') as WebSocketServerEnd;
    const mean = SOCKETS / (WINDOW / SLICE);
    const slices = new Map<number, number>();
    for (const at of closedAt) {
      const slice = Math.floor((at - signalledAt) / SLICE);
      slices.set(slice, (slices.get(slice) ?? 0) + 1);
    }
    const counts = [...slices.values()];
    console.log(
      `WebSockets ${SOCKETS}: closes in ${SLICE} ms ${Math.min(...counts)} to ${Math.max(...counts)}, mean ${mean} over a window ` +
        `of ${WINDOW} ms; from ${Math.round(Math.min(...closedAt) - signalledAt)} to ` +
        `${Math.round(Math.max(...closedAt) - signalledAt)} ms; codes ${JSON.stringify(codes)}; exit ${code}`,
    );
    expect(codes).toEqual({ 1001: SOCKETS });
    expect(closedAt).toHaveLength(SOCKETS);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2 * mean);
    expect(code).toBe(0);
    expect(report).toMatchObject({ outcome: 'clean', aborted: [] });
  },
);
