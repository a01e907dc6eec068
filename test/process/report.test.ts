import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DrainReport } from '@drainkit/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { begin, exitOf, logged, reportOf, SERVERS, start } from './spawned.ts';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'drainkit-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const reports = (lines: readonly string[]): DrainReport[] =>
  lines.filter((line) => line.startsWith('{"version":1')).map((line) => JSON.parse(line) as DrainReport);

describe.each(SERVERS)('%s', (server) => {
  test('the report is a line of its own on stdout, before the process is gone', async () => {
    const app = await start(server, { options: { report: 'stdout' } });
    app.signal('SIGTERM');
    expect((await exitOf(app)).code).toBe(0);
    expect(reports(app.stdout)).toEqual([reportOf(app)]);
  });

  test('it is not lost where a second signal ends the process at once', async () => {
    const app = await start(server, { env: { DRAIN_REPORT: 'stdout' } });
    await begin(app, '/hang');
    app.signal('SIGTERM');
    await app.waitForLine('phase draining');
    app.signal('SIGTERM');
    expect((await exitOf(app)).code).toBe(143);
    expect(reports(app.stdout)).toMatchObject([{ outcome: 'forced', exitCode: 143, aborted: [{ name: 'GET /hang' }] }]);
  });
});

test('a file is appended to', async () => {
  const report = `${directory()}/drains.jsonl` as const;
  for (const outcome of ['clean', 'failed']) {
    const app = await start('http', {
      options: { report, closeTimeout: 200 },
      scene: outcome === 'clean' ? '' : 'hang:cache',
    });
    app.signal('SIGTERM');
    await exitOf(app);
  }
  const lines = readFileSync(report, 'utf8').trimEnd().split('\n');
  expect(reports(lines).map(({ outcome }) => outcome)).toEqual(['clean', 'failed']);
  expect(lines).toHaveLength(2);
});

test('that it cannot be written is a warning, and changes nothing else', async () => {
  const app = await start('express', { options: { report: `${directory()}/nowhere/drains.jsonl` } });
  app.signal('SIGTERM');
  expect((await exitOf(app)).code).toBe(0);
  expect(reportOf(app).outcome).toBe('clean');
  expect(logged(app, 'warning')).toMatchObject([{ level: 40, code: 'report-not-written' }]);
});
