import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missing } from '../load/balancer.ts';

const RULES = fileURLToPath(new URL('../../docs/prometheus-rules.yml', import.meta.url));
const absent = missing('promtool');

function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', timeout: 15_000 });
  return { status, output: stdout + stderr };
}

describe.skipIf(absent !== undefined)(`the alert rules${absent === undefined ? '' : ` (${absent})`}`, () => {
  test('are valid', () => {
    expect(promtool('check', 'rules', RULES)).toMatchObject({ status: 0 });
  });

  test('fire for drains that went wrong, and for no other', () => {
    const directory = mkdtempSync(join(tmpdir(), 'drainkit-rules-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'rules.test.yml');
    const cases = readFileSync(new URL('./rules.test.yml', import.meta.url), 'utf8');
    writeFileSync(file, cases.replace('RULES', RULES));
    expect(promtool('test', 'rules', file)).toEqual({
      status: 0,
      output: expect.stringContaining('SUCCESS') as string,
    });
  });
});
