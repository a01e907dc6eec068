import { spawnApp, within } from '@drainkit/testing';
import type { Ending } from '../../test/load/apps/node-server.ts';
import type { Stalls } from '../../test/load/apps/stall-meter.ts';
import { LOAD_APPS, told } from './load-app.ts';

export interface IdleEnd extends Stalls {
  /** From the signal to the exit. */
  readonly ms: number;
}

/** Ends a server that has `connections` idle ones. */
export async function endWithIdleConnections(ending: Ending, connections: number): Promise<IdleEnd> {
  await using server = await spawnApp(new URL('node-server.ts', LOAD_APPS), {
    env: { ENDING: ending, DRAIN_WINDOW: '500' },
  });
  await using clients = await spawnApp(new URL('idle-clients.ts', LOAD_APPS), {
    args: [String(server.port), String(connections)],
    readyPattern: /^connections open/,
    startTimeout: 30_000,
  });
  server.signal('SIGUSR2');
  await server.waitForLine('measuring');
  server.signal('SIGTERM');
  const { ms } = await within('the server to exit', 20_000, server.exited);
  await within('the clients to end', 10_000, clients.exited);
  return { ms, ...(told(server, 'ended') as Stalls) };
}
