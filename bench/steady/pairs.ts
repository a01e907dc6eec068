import { MeasuredServer, type Cost, type Framework } from './measured-server.ts';
import type { Variant } from './servers/variant.ts';

export interface PairSettings {
  /** How often both servers are started anew: what the compiler makes of the same code differs from process to process. */
  readonly rounds: number;
  /** Of each round. */
  readonly pairs: number;
  /** Of each half of a pair. */
  readonly requests: number;
}

export interface Pair {
  readonly bare: Cost;
  readonly other: Cost;
}

/** Requests that each server answers before anything is measured. */
const WARM_UP = 15_000;

/**
 * Runs a variant next to the bare framework, in turns: bare, other, other, bare, and so on, a fraction of a second each, so
 * that whatever else the machine does meets both alike.
 */
export async function measurePairs(
  framework: Framework,
  variant: Variant,
  { rounds, pairs, requests }: PairSettings,
  tell: (text: string) => void,
): Promise<Pair[]> {
  const measured: Pair[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await using bare = await MeasuredServer.start(framework, 'bare');
    await using other = await MeasuredServer.start(framework, variant);
    for (const server of [bare, other]) await server.serve(WARM_UP);
    for (let pair = 0; pair < pairs; pair += 1) {
      if (pair % 2 === 0) measured.push({ bare: await bare.serve(requests), other: await other.serve(requests) });
      else {
        const first = await other.serve(requests);
        measured.push({ bare: await bare.serve(requests), other: first });
      }
    }
    tell(`${framework}, ${variant}: round ${round} of ${rounds}`);
  }
  return measured;
}
