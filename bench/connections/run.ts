/**
 * What becomes of connections while a server ends: by a drain, by Node's own ways, and by closing its listener at once.
 *
 *     pnpm bench:connections --runs 20
 *     pnpm bench:connections --rate 6000 --connections 10000
 *
 * Progress goes to standard error, the tables to standard output, as Markdown. A run goes through all of them, ours first.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { markdownTable } from '../drops/markdown-table.ts';
import { spread, sum } from '../drops/spread.ts';
import { endWithIdleConnections, type IdleEnd } from './idle-connections.ts';
import { endUnderNewConnections, type NewConnectionsEnd } from './new-connections.ts';

// What it started ends with it: the processes are killed when this one exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    runs: { type: 'string', default: '5' },
    rate: { type: 'string', default: '4000' },
    connections: { type: 'string', default: '10000' },
  },
});
const [runs, rate, connections] = [values.runs, values.rate, values.connections].map(Number) as [
  number,
  number,
  number,
];

/** Does it `runs` times with each ending, in turn. */
async function interleave<Ending extends string, Outcome>(
  endings: readonly Ending[],
  end: (ending: Ending) => Promise<Outcome>,
): Promise<Record<Ending, Outcome[]>> {
  const outcomes = Object.fromEntries(endings.map((ending) => [ending, []])) as unknown as Record<Ending, Outcome[]>;
  for (let run = 1; run <= runs; run += 1) {
    for (const ending of endings) {
      const outcome = await end(ending);
      console.error(`${run}/${runs} ${ending}: ${JSON.stringify(outcome)}`);
      outcomes[ending].push(outcome);
    }
  }
  return outcomes;
}

const NAMES = {
  drain: 'drainkit: the listener closes after a poll that brought nothing',
  listener: 'the listener closes at once',
  close: '`server.close()`',
  closeAllConnections: '`server.close()`, `server.closeAllConnections()`',
};

const load = (): string => (loadavg()[0] ?? 0).toFixed(1);
console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores, load ${load()} at the start. Runs: ${runs}.`,
);

console.log(`\n${rate} new connections a second, each with one request, until they are refused\n`);
const fresh = await interleave(['drain', 'listener', 'close'], async (ending) => endUnderNewConnections(ending, rate));
const freshRow = ([ending, outcomes]: [string, NewConnectionsEnd[]]): string[] => {
  const all = (figure: keyof NewConnectionsEnd): number[] => outcomes.map((outcome) => outcome[figure]);
  return [
    NAMES[ending as keyof typeof NAMES],
    spread(all('rate')),
    String(sum(all('answered'))),
    String(sum(all('refused'))),
    spread(all('resets')),
    String(sum(all('resets'))),
  ];
};
console.log(
  markdownTable(
    ['', 'established a second', 'answered', 'refused', 'reset a run', 'reset'],
    Object.entries(fresh).map(freshRow),
  ),
);

console.log(`\n${connections} idle keep-alive connections\n`);
const idle = await interleave(['drain', 'closeAllConnections'], async (ending) =>
  endWithIdleConnections(ending, connections),
);
const idleRow = ([ending, outcomes]: [string, IdleEnd[]]): string[] => {
  const all = (figure: keyof IdleEnd): string => spread(outcomes.map((outcome) => Math.round(outcome[figure])));
  return [NAMES[ending as keyof typeof NAMES], `${all('stallMs')} ms`, `${all('busyMs')} ms`, `${all('ms')} ms`];
};
console.log(
  markdownTable(['', 'longest stall', 'longest turn on a CPU', 'exit after'], Object.entries(idle).map(idleRow)),
);
console.log(`\nLoad ${load()} at the end.`);
