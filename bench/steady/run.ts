/**
 * What drainkit costs while nothing drains: instructions a request, next to the bare framework.
 *
 *     pnpm bench:steady
 *     pnpm bench:steady --only express --rounds 3
 *
 * Progress goes to standard error, the table to standard output, as Markdown. Needs valgrind and h2load (Debian: nghttp2-client).
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { markdownTable } from '../drops/markdown-table.ts';
import { versionOf } from '../drops/peer.ts';
import { CountedServer, FRAMEWORKS, type Framework } from './counted-server.ts';
import { median, quartiles } from './median.ts';
import type { Variant } from './servers/variant.ts';

/** Requests after which Node's compiler is done with what they need. */
const WARM_UP = 100_000;
/** After that, under the counter. */
const SETTLING = 10_000;
/** Of so many requests each. A garbage collection falls into a few of them. */
const WINDOWS = 16;
const WINDOW = 2_000;
const SCRAPES = 50;
/** Every 15 s, at 1 000 requests a second. */
const REQUESTS_A_SCRAPE = 15_000;

const VARIANTS: Readonly<Record<Framework, readonly Variant[]>> = {
  fastify: ['bare', 'drain', 'metrics'],
  express: ['bare', 'empty', 'attached', 'drain', 'metrics'],
};
const NAMES: Readonly<Record<Variant, string>> = {
  bare: 'bare',
  empty: 'a middleware that does nothing',
  attached: 'drainkit, without its middleware',
  drain: 'drainkit',
  metrics: 'drainkit with metrics',
};

// What it started ends with it: the processes are killed when this one exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    rounds: { type: 'string', default: '1' },
    only: { type: 'string', default: FRAMEWORKS.join(',') },
  },
});
const rounds = Number(values.rounds);
const frameworks = FRAMEWORKS.filter((name) => values.only.split(',').includes(name));

const versions = frameworks.map((name) => `${name} ${versionOf(name)}`).join(', ');
console.log(`Node ${process.versions.node}, ${versions}. ${rounds} rounds.\n`);

/** A framework with a variant, and what was counted of it: instructions. */
class Row {
  readonly framework: Framework;
  readonly variant: Variant;
  readonly requests: number[] = [];
  readonly scrapes: number[] = [];

  constructor(framework: Framework, variant: Variant) {
    this.framework = framework;
    this.variant = variant;
  }

  async count(): Promise<void> {
    await using server = await CountedServer.start(this.framework, this.variant);
    await server.serve('/', WARM_UP);
    await server.serve('/metrics', SCRAPES);
    await server.beginCounting();
    await server.serve('/', SETTLING);
    const own: number[] = [];
    for (let window = 0; window < WINDOWS; window += 1) own.push(await server.count('/', WINDOW));
    this.requests.push(...own);
    this.scrapes.push(await server.count('/metrics', SCRAPES));
    console.error(`${this.framework}, ${NAMES[this.variant]}: ${Math.round(median(own))} a request`);
  }

  /** Of one request, with its share of a scrape. */
  get cost(): number {
    return median(this.requests) + median(this.scrapes) / REQUESTS_A_SCRAPE;
  }
}

const rows = frameworks.flatMap((framework) => VARIANTS[framework].map((variant) => new Row(framework, variant)));

// What is counted hardly depends on what else the machine does.
const waiting = Array.from({ length: rounds }, () => rows).flat();
async function work(): Promise<void> {
  for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) await row.count();
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), waiting.length) }, work));

const whole = (value: number): string => Math.round(value).toLocaleString('en').replaceAll(',', ' ');
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} %`;
const table = rows.map((row) => {
  const bare = rows.find(({ framework, variant }) => framework === row.framework && variant === 'bare') ?? row;
  const [low, high] = quartiles(row.requests);
  return [
    row.framework,
    NAMES[row.variant],
    `${whole(median(row.requests))} (${whole(low)} to ${whole(high)})`,
    whole(median(row.scrapes)),
    signed(row.cost / bare.cost - 1),
  ];
});
console.log(markdownTable(['', '', 'instructions a request', 'a scrape', 'more, with scrapes'], table));
