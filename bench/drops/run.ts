/**
 * The comparison: what drainkit and other ways of shutting down do in the same situations.
 *
 *     pnpm bench:drops --runs 3
 *     pnpm bench:drops --only drainkit-fastify,terminus --situations clients
 *
 * Progress goes to standard error, the tables to standard output, as Markdown.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseOptions, USAGE, type BenchOptions } from './bench-options.ts';
import { PEERS, versionOf } from './peer.ts';

// What it started ends with it: the processes are killed when this one exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

let options: BenchOptions;
try {
  options = parseOptions(process.argv.slice(2), process.env);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exit(2);
}

const { runs, peers, situations } = options;
const packages = PEERS.flatMap((peer) => (peers.includes(peer) && peer.package !== undefined ? [peer.package] : []));
const versions = [...packages, 'fastify', 'express'].map((name) => `${name} ${versionOf(name)}`).join(', ');
const load = (): string => (loadavg()[0] ?? 0).toFixed(1);
console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores, load ${load()} at the start. ${versions}. Runs: ${runs}.`,
);
for (const situation of situations) {
  console.log(`\n${situation.title}\n`);
  console.log(await situation.measure(peers, runs, (text) => console.error(text)));
}
console.log(`\nLoad ${load()} at the end.`);
