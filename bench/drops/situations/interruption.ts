import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient, type SpawnedApp } from '@drainkit/testing';
import type { Ending } from '../ending.ts';
import { markdownTable } from '../markdown-table.ts';
import type { Peer } from '../peer.ts';
import { distinct } from '../spread.ts';
import { endingText } from './ending-text.ts';
import { interleave } from './interleave.ts';
import { endingOf } from './one-server.ts';
import type { Situation } from './situation.ts';

interface Interrupted {
  readonly ending: Ending;
  /** What became of the request that was in flight. */
  readonly request: string;
}

export const interruption: Situation = {
  id: 'interruption',
  title:
    'A drain that is interrupted, a request of one second in flight: an exception that nobody catches, or a second ' +
    'SIGTERM, a quarter of a second after the signal. Two resources to close.',
  async measure(peers, runs, progress) {
    const measured = await interleave(peers, runs, async (peer, round) => {
      const outcome = await Promise.all([uncaughtException(peer), secondSignal(peer)]);
      progress(`interruption ${round}/${runs} ${peer.id}: ${outcome.map((one) => text([one])).join(' | ')}`);
      return outcome;
    });
    return markdownTable(
      ['', 'uncaught exception', 'second SIGTERM'],
      measured.map(({ peer, outcomes }) => [
        peer.name,
        text(outcomes.map(([exception]) => exception)),
        text(outcomes.map(([, signal]) => signal)),
      ]),
    );
  },
};

function uncaughtException(peer: Peer): Promise<Interrupted> {
  return interrupted(peer, async (app) => {
    await using client = await RawClient.connect(app.url);
    await client.get('/fault').response();
  });
}

async function secondSignal(peer: Peer): Promise<Interrupted | undefined> {
  if (!peer.handlesSignals) return undefined;
  return interrupted(peer, undefined, async (app) => {
    await sleep(250);
    app.signal('SIGTERM');
  });
}

async function interrupted(
  peer: Peer,
  before?: (app: SpawnedApp) => Promise<void>,
  after?: (app: SpawnedApp) => Promise<void>,
): Promise<Interrupted> {
  let request: Promise<string> | undefined;
  const ending = await endingOf(peer, {
    before: async (app) => {
      const client = await RawClient.connect(app.url);
      request = client
        .get('/slow')
        .response()
        .then(
          ({ status }) => (status === 200 ? 'answered' : String(status)),
          () => 'cut off',
        );
      await before?.(app);
    },
    ...(after === undefined ? {} : { after }),
  });
  return { ending, request: (await request) ?? 'not sent' };
}

function text(outcomes: readonly (Interrupted | undefined)[]): string {
  const measured = outcomes.filter((outcome) => outcome !== undefined);
  if (measured.length === 0) return 'leaves signals to the app';
  const requests = distinct(measured.map(({ request }) => request));
  return `${endingText(
    measured.map(({ ending }) => ending),
    2,
  )}, request ${requests}`;
}
