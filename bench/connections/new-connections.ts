import { setTimeout as sleep } from 'node:timers/promises';
import { spawnApp, within } from '@drainkit/testing';
import type { NewConnectionFigures } from '../../test/load/apps/new-connections.ts';
import type { Ending } from '../../test/load/apps/node-server.ts';
import { LOAD_APPS, told } from './load-app.ts';

export type NewConnectionsEnd = NewConnectionFigures;

/** Ends a server while it gets `rate` new connections a second. */
export async function endUnderNewConnections(ending: Ending, rate: number): Promise<NewConnectionsEnd> {
  await using server = await spawnApp(new URL('node-server.ts', LOAD_APPS), {
    env: { ENDING: ending, DRAIN_WINDOW: '300' },
  });
  await using clients = await spawnApp(new URL('new-connections.ts', LOAD_APPS), {
    args: [String(server.port), String(rate)],
    ipc: true,
    readyPattern: /^connections running/,
  });
  await clients.send('count');
  await clients.waitForLine('counting');
  await sleep(300);
  server.signal('SIGTERM');
  await within('the server to exit', 20_000, server.exited);
  await within('the clients to end', 10_000, clients.exited);
  return told(clients, 'clients ended') as NewConnectionFigures;
}
