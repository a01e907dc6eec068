import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { METRIC_ROWS } from '@drainkit/core';
import { parser } from '@prometheus-io/lezer-promql';
import { expect, onTestFinished, test } from 'vitest';
import { readDocument } from '../docs/markdown-table.ts';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const text = readDocument('docs/grafana-dashboard.json');
const { panels } = JSON.parse(text) as { readonly panels: readonly Panel[] };

/** Each query, with Grafana's variables filled in as Grafana does. */
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ title, expr: expr.replaceAll(/\$__(rate_interval|range)/g, '5m') })),
);

/** The names of PromQL's nodes in a query; `⚠` where it is no PromQL. */
function nodesOf(expr: string): { readonly name: string; readonly text: string }[] {
  const nodes: { name: string; text: string }[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => void nodes.push({ name, text: expr.slice(from, to) }),
  });
  return nodes;
}

/** The series that a metric has in Prometheus. */
const series = new Set(
  Object.values(METRIC_ROWS).flatMap(({ prometheus, instrument }) =>
    instrument === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => prometheus + suffix) : [prometheus],
  ),
);

test("the dashboard is one, by Grafana's own schema", { timeout: 60_000 }, () => {
  const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'dashboard-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'dashboard.ts');
  writeFileSync(
    file,
    `import type { Dashboard } from '@grafana/schema';\nexport const dashboard: Dashboard = ${text};\n`,
  );
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, file], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect({ status, said: stdout }).toEqual({ status: 0, said: '' });
});

test.each(queries)('$title: $expr is PromQL', ({ expr }) => {
  expect(nodesOf(expr).filter(({ name }) => name === '⚠')).toEqual([]);
});

test('it queries metrics that there are, and leaves none out', () => {
  const queried = new Set(
    queries.flatMap(({ expr }) =>
      nodesOf(expr)
        .filter(({ name }) => name === 'Identifier')
        .map((node) => node.text),
    ),
  );
  expect([...queried].filter((name) => !series.has(name))).toEqual([]);
  const missing = Object.values(METRIC_ROWS).filter(
    ({ prometheus }) => ![...queried].some((name) => name.startsWith(prometheus)),
  );
  expect(missing).toEqual([]);
});

test('the alert rules query metrics that there are', () => {
  const names = readDocument('docs/prometheus-rules.yml').match(/\bdrain_\w+/g) ?? [];
  expect(names.filter((name) => !series.has(name) && !isMetric(name))).toEqual([]);
});

/** In a text for people a histogram goes by its own name. */
function isMetric(name: string): boolean {
  return Object.values(METRIC_ROWS).some(({ prometheus }) => prometheus === name);
}
