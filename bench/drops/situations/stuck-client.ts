import { RawClient, type SpawnedApp } from '@drainkit/testing';
import type { Ending } from '../ending.ts';
import { markdownTable } from '../markdown-table.ts';
import { endingText } from './ending-text.ts';
import { interleave, type Measured } from './interleave.ts';
import { CAP, endingOf, SHORT_WINDOW } from './one-server.ts';
import type { Situation } from './situation.ts';

/** Each opens one connection, and stops there. */
const KINDS: readonly (readonly [name: string, open: (client: RawClient) => unknown])[] = [
  ['hung handler', (client) => client.get('/hang')],
  ['SSE stream', (client) => client.get('/events')],
  ['half a request', (client) => client.half('/')],
  [
    'half a body',
    (client) =>
      client.send('POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"he'),
  ],
  ['bare TCP connect', () => {}],
];

export const stuckClient: Situation = {
  id: 'stuck',
  title:
    `One client that never comes to an end, or one handler that does not. Window ${SHORT_WINDOW} ms, deadline 3 s where there is one; ` +
    `two resources to close; given up after ${CAP / 1000} s.`,
  async measure(peers, runs, progress) {
    const measured = await interleave(peers, runs, async (peer, round) => {
      // At the same time: each has a process of its own that does next to nothing.
      const endings = await Promise.all(
        KINDS.map(([, open]) => endingOf(peer, { before: (app) => connect(app, open) })),
      );
      progress(`stuck ${round}/${runs} ${peer.id}: ${endings.map((ending) => endingText([ending], 2)).join(' | ')}`);
      return endings;
    });
    return markdownTable(['', ...KINDS.map(([name]) => name)], measured.map(row));
  },
};

async function connect(app: SpawnedApp, open: (client: RawClient) => unknown): Promise<void> {
  // It ends its side when the server does, and goes with the server at the latest.
  open(await RawClient.connect(app.url));
}

function row({ peer, outcomes }: Measured<readonly Ending[]>): string[] {
  return [peer.name].concat(
    KINDS.map((_, kind) =>
      endingText(
        outcomes.flatMap((endings) => endings[kind] ?? []),
        2,
      ),
    ),
  );
}
