import type { Peer } from '../peer.ts';

/** What was measured with one peer, run by run. */
export interface Measured<Outcome> {
  readonly peer: Peer;
  readonly outcomes: readonly Outcome[];
}

/** Every peer once, in the order given, then every peer again: what the machine does meanwhile hits them all alike. */
export async function interleave<Outcome>(
  peers: readonly Peer[],
  runs: number,
  run: (peer: Peer, round: number) => Promise<Outcome>,
): Promise<readonly Measured<Outcome>[]> {
  const measured = peers.map((peer) => ({ peer, outcomes: [] as Outcome[] }));
  for (let round = 1; round <= runs; round += 1) {
    for (const { peer, outcomes } of measured) outcomes.push(await run(peer, round));
  }
  return measured;
}
