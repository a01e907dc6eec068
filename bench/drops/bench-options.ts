import { parseArgs } from 'node:util';
import { PEERS, type Peer } from './peer.ts';
import { SITUATIONS, type Situation } from './situations/index.ts';

export interface BenchOptions {
  readonly runs: number;
  readonly peers: readonly Peer[];
  readonly situations: readonly Situation[];
}

export const USAGE: string = `pnpm bench:drops [--runs 3] [--only ${PEERS.slice(0, 3)
  .map(({ id }) => id)
  .join(',')},…] [--situations ${SITUATIONS.map(({ id }) => id).join(',')}]
The same in BENCH_RUNS, BENCH_ONLY, BENCH_SITUATIONS.`;

/** @throws {TypeError} for an option, a peer or a situation that there is not. */
export function parseOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): BenchOptions {
  const { values } = parseArgs({
    // `pnpm run bench:drops -- --runs 1` hands the dashes on.
    args: args.filter((arg) => arg !== '--'),
    options: { runs: { type: 'string' }, only: { type: 'string' }, situations: { type: 'string' } },
  });
  const runs = Number(values.runs ?? env['BENCH_RUNS'] ?? 3);
  if (!Number.isInteger(runs) || runs < 1 || runs > 50) throw new TypeError('--runs takes a number from 1 to 50');
  return {
    runs,
    peers: pick('--only', PEERS, values.only ?? env['BENCH_ONLY']),
    situations: pick('--situations', SITUATIONS, values.situations ?? env['BENCH_SITUATIONS']),
  };
}

function pick<T extends { readonly id: string }>(
  option: string,
  all: readonly T[],
  list: string | undefined,
): readonly T[] {
  if (list === undefined || list === '') return all;
  const ids = list.split(',');
  const unknown = ids.filter((id) => !all.some((one) => one.id === id));
  if (unknown.length > 0) {
    throw new TypeError(`${option}: no ${unknown.join(', ')}; there are ${all.map(({ id }) => id).join(', ')}`);
  }
  return all.filter(({ id }) => ids.includes(id));
}
