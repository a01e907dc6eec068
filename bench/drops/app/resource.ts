import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the close of a resource goes: well, for ever, or wrong. */
type ResourceKind = 'closes' | 'hangs' | 'throws';

/** Something the app has open, and says on standard output when it has closed it. */
export interface Resource {
  readonly name: string;
  readonly close: () => Promise<void>;
}

const kinds = (process.env['BENCH_RESOURCES'] ?? 'closes,closes').split(',') as ResourceKind[];

/** What the app has open, in the order in which it was opened. */
export const resources: readonly Resource[] = kinds.map((kind, index) => {
  const name = String(index + 1);
  return { name, close: () => close(name, kind) };
});

/** Closes them one after the other, as one writes it by hand. */
export async function closeInTurn(): Promise<void> {
  for (const resource of resources) await resource.close();
}

async function close(name: string, kind: ResourceKind): Promise<void> {
  if (kind === 'hangs') return new Promise(() => {});
  await sleep(50);
  if (kind === 'throws') throw new Error(`resource ${name} cannot be closed`);
  // Synchronously: the process may exit at once.
  writeSync(1, `closed ${name}\n`);
}
