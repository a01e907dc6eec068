import { badResource } from './bad-resource.ts';
import { interruption } from './interruption.ts';
import { keepAliveClients } from './keep-alive-clients.ts';
import type { Situation } from './situation.ts';
import { stuckClient } from './stuck-client.ts';

export type { Situation };

export const SITUATIONS: readonly Situation[] = [keepAliveClients, stuckClient, badResource, interruption];
