/**
 * What drainkit costs while nothing drains: CPU time a request, next to the bare framework.
 *
 *     pnpm bench:steady --rounds 8
 *     pnpm bench:steady --only express
 *
 * Progress goes to standard error, the table to standard output, as Markdown. Needs h2load (Debian: nghttp2-client).
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { markdownTable } from '../drops/markdown-table.ts';
import { versionOf } from '../drops/peer.ts';
import { FRAMEWORKS, type Framework } from './measured-server.ts';
import { measurePairs } from './pairs.ts';
import type { Variant } from './servers/variant.ts';
import { median, quartiles } from './median.ts';

// What it started ends with it: the processes are killed when this one exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    rounds: { type: 'string', default: '6' },
    pairs: { type: 'string', default: '20' },
    requests: { type: 'string', default: '6000' },
    variants: { type: 'string', default: 'bare,drain,metrics' },
    only: { type: 'string', default: FRAMEWORKS.join(',') },
  },
});

const load = (): string => (loadavg()[0] ?? 0).toFixed(1);
const versions = ['fastify', 'express'].map((name) => `${name} ${versionOf(name)}`).join(', ');
console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores, load ${load()} at the start. ${versions}. ` +
    `${values.rounds} rounds of ${values.pairs} pairs of ${values.requests} requests.\n`,
);

const NAMES = { bare: 'bare once more: the noise', drain: 'drainkit', metrics: 'drainkit with metrics' };
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;

const rows: string[][] = [];
for (const framework of values.only.split(',') as Framework[]) {
  for (const variant of values.variants.split(',') as Variant[]) {
    const settings = {
      rounds: Number(values.rounds),
      pairs: Number(values.pairs),
      requests: Number(values.requests),
    };
    const pairs = await measurePairs(framework, variant, settings, (text) => console.error(text));
    const more = (cost: 'user' | 'total'): string => {
      const ratios = pairs.map(({ bare, other }) => (other[cost] / bare[cost] - 1) * 100);
      const [low, high] = quartiles(ratios);
      return `${signed(median(ratios))} % (${signed(low)} to ${signed(high)})`;
    };
    const of = (side: 'bare' | 'other'): string => `${median(pairs.map((pair) => pair[side].user)).toFixed(1)} µs`;
    rows.push([framework, NAMES[variant], of('bare'), of('other'), more('user'), more('total')]);
  }
}
console.log(markdownTable(['', 'next to bare', 'bare, user', 'it, user', 'more, user', 'more, with kernel'], rows));
console.log(`\nLoad ${load()} at the end.`);
