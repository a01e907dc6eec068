import type { InstanceSlot, SlotState } from './instance-slot.ts';
import { paint } from './terminal.ts';

/** How wide the picture is, in characters. */
const WIDTH = 72;

const LEVELS = ' ▁▂▃▄▅▆▇█';

const MARKS: Readonly<Record<SlotState, string>> = {
  serving: paint('green', '─'),
  announcing: paint('yellow', '░'),
  draining: paint('magenta', '▒'),
  closing: paint('cyan', '█'),
  gone: ' ',
  starting: paint('dim', '·'),
};

interface Sample {
  readonly at: number;
  readonly state: SlotState;
  readonly served: number;
}

/** What each instance did, moment by moment, as a picture: how many requests it served, and its phase below. */
export class Timeline {
  readonly #samples = new Map<InstanceSlot, Sample[]>();

  add(slot: InstanceSlot, sample: Sample): void {
    const samples = this.#samples.get(slot);
    if (samples === undefined) this.#samples.set(slot, [sample]);
    else samples.push(sample);
  }

  draw(): string {
    const end = Math.max(1, ...[...this.#samples.values()].flat().map(({ at }) => at));
    const rows = [...this.#samples].map(([{ name }, samples]) => ({ name, cells: cellsOf(samples, end) }));
    const most = Math.max(1, ...rows.flatMap(({ cells }) => cells.map(({ served }) => served)));
    const margin = Math.max(...rows.map(({ name }) => name.length)) + 4;
    const lines = rows.flatMap(({ name, cells }) => [
      `  ${name.padEnd(margin - 2)}${cells.map(({ served }) => level(served, most)).join('')}`.trimEnd(),
      `${' '.repeat(margin)}${cells.map(({ state }) => MARKS[state]).join('')}`,
    ]);
    const legend = (Object.keys(MARKS) as SlotState[]).filter((state) => state !== 'gone');
    return [
      ...lines,
      `${' '.repeat(margin)}${scale(end)}`,
      `${' '.repeat(margin)}${legend.map((state) => `${MARKS[state]} ${state}`).join('   ')}`,
    ].join('\n');
  }
}

interface Cell {
  readonly state: SlotState;
  readonly served: number;
}

/** Samples gathered into as many cells as the picture is wide; a cell without any is like the one before it. */
function cellsOf(samples: readonly Sample[], end: number): Cell[] {
  let cell: Cell = { state: samples[0]?.state ?? 'gone', served: 0 };
  return Array.from({ length: WIDTH }, (_, index) => {
    const own = samples.filter(({ at }) => Math.min(WIDTH - 1, Math.floor((at / end) * WIDTH)) === index);
    const last = own.at(-1);
    // A mean, for cells do not all have the same number of samples.
    const served = own.reduce((sum, sample) => sum + sample.served, 0) / own.length;
    if (last !== undefined) cell = { state: last.state, served };
    return cell;
  });
}

function level(served: number, most: number): string {
  if (served === 0) return ' ';
  return LEVELS[Math.max(1, Math.round((served / most) * (LEVELS.length - 1)))] ?? '█';
}

/** `0 s       5 s       10 s` */
function scale(end: number): string {
  let line = '';
  for (let at = 0; at <= end; at += 5_000) line = `${line.padEnd(Math.floor((at / end) * WIDTH))}${at / 1_000} s`;
  return paint('dim', line);
}
