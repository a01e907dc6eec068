import type { Peer } from '../peer.ts';

/** Something that happens to a server while it drains, and the table of what came of it. */
export interface Situation {
  /** What --situations takes. */
  readonly id: string;
  /** A sentence or two above the table. */
  readonly title: string;
  /** Tries it `runs` times with each peer, interleaved, and draws the table. */
  measure(peers: readonly Peer[], runs: number, progress: (text: string) => void): Promise<string>;
}
