import { setTimeout as sleep } from 'node:timers/promises';
import { spawnApp, within } from '@drainkit/testing';
import { terminate, type Ending } from '../ending.ts';
import type { FleetTally } from '../fleet-tally.ts';
import { markdownTable } from '../markdown-table.ts';
import { serverOf, versionOf, type Peer } from '../peer.ts';
import { distinct, seconds, spread, sum } from '../spread.ts';
import { interleave, type Measured } from './interleave.ts';
import type { Situation } from './situation.ts';

const CLIENTS = 200;
const WINDOW = 1500;
/** How long the clients go on after the signal, unless the server refuses them all before. */
const LOAD = 6000;
const CAP = 20_000;

interface Outcome {
  readonly tally: FleetTally;
  readonly ending: Ending;
}

export const keepAliveClients: Situation = {
  id: 'clients',
  title:
    `${CLIENTS} keep-alive clients straight to the server through a drain, window ${WINDOW} ms where there is one. ` +
    `They go on for ${LOAD / 1000} s after the signal, or until they are refused.`,
  async measure(peers, runs, progress) {
    const measured = await interleave(peers, runs, async (peer, round) => {
      const outcome = await run(peer);
      const { tally, ending } = outcome;
      progress(
        `clients ${round}/${runs} ${peer.id}: failed ${failures(tally)} of ${tally.sent} ${JSON.stringify(tally.failed)}, ` +
          `refused ${tally.refused}; exit ${ending.exit} after ${seconds([ending.ms])}`,
      );
      return outcome;
    });
    return markdownTable(
      ['', 'app', 'window', 'requests', 'failed a run', 'failed', 'of', 'refused a run', 'exit', 'after', 'closed'],
      measured.map(row),
    );
  },
};

async function run(peer: Peer): Promise<Outcome> {
  await using server = await spawnApp(serverOf(peer), { env: { BENCH_WINDOW: String(WINDOW) } });
  await using fleet = await spawnApp(new URL('../fleet.ts', import.meta.url), {
    args: [server.url, String(CLIENTS)],
    readyPattern: /^warm$/,
    ipc: true,
  });
  // So that they are spread over their gaps.
  await sleep(600);
  await fleet.send('drain');
  const terminating = terminate(server);
  const enough = new AbortController();
  await Promise.race([fleet.exited, sleep(LOAD, undefined, { signal: enough.signal }).catch(() => {})]);
  enough.abort();
  if (fleet.isAlive) await fleet.send('stop').catch(() => {});
  const [ending] = await Promise.all([terminating.ending(CAP), within('the clients to stop', CAP, fleet.exited)]);
  const tally = fleet.logs.at(-1) as unknown as FleetTally | undefined;
  if (tally === undefined) throw new Error(`the clients said nothing of what they saw:\n${fleet.output}`);
  return { tally, ending };
}

function failures(tally: FleetTally): number {
  return sum(Object.values(tally.failed));
}

function row({ peer, outcomes }: Measured<Outcome>): string[] {
  const tallies = outcomes.map(({ tally }) => tally);
  const endings = outcomes.map(({ ending }) => ending);
  return [
    peer.package === undefined ? peer.name : `${peer.name} ${versionOf(peer.package)}`,
    peer.app,
    peer.window,
    String(sum(tallies.map(({ sent }) => sent))),
    spread(tallies.map(failures)),
    String(sum(tallies.map(failures))),
    reasons(tallies),
    spread(tallies.map(({ refused }) => refused)),
    distinct(endings.map(({ exit }) => exit)),
    seconds(endings.map(({ ms }) => ms)),
    `${spread(endings.map(({ closed }) => new Set(closed).size))} of 2`,
  ];
}

/** `ECONNRESET 12, 503 4` */
function reasons(tallies: readonly FleetTally[]): string {
  const total = new Map<string, number>();
  for (const { failed } of tallies) {
    for (const [reason, count] of Object.entries(failed)) total.set(reason, (total.get(reason) ?? 0) + count);
  }
  return Array.from(total, ([reason, count]) => `${reason} ${count}`).join(', ');
}
