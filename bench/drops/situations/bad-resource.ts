import type { Ending } from '../ending.ts';
import { markdownTable } from '../markdown-table.ts';
import { endingText } from './ending-text.ts';
import { interleave, type Measured } from './interleave.ts';
import { CAP, endingOf } from './one-server.ts';
import type { Situation } from './situation.ts';

const KINDS = [
  ['the second never closes', 'closes,hangs,closes'],
  ['the second throws', 'closes,throws,closes'],
] as const;

export const badResource: Situation = {
  id: 'resources',
  title: `Three resources, one of them bad; no clients. Which were closed; given up after ${CAP / 1000} s.`,
  async measure(peers, runs, progress) {
    const measured = await interleave(peers, runs, async (peer, round) => {
      const endings = await Promise.all(KINDS.map(([, resources]) => endingOf(peer, { resources })));
      progress(
        `resources ${round}/${runs} ${peer.id}: ${endings.map((ending) => endingText([ending], 3)).join(' | ')}`,
      );
      return endings;
    });
    return markdownTable(['', ...KINDS.map(([name]) => name)], measured.map(row));
  },
};

function row({ peer, outcomes }: Measured<readonly Ending[]>): string[] {
  return [peer.name].concat(
    KINDS.map((_, kind) =>
      endingText(
        outcomes.flatMap((endings) => endings[kind] ?? []),
        3,
      ),
    ),
  );
}
