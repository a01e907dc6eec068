import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DrainReport } from '../../src/report/drain-report.ts';
import { formatReport } from '../../src/report/report-timeline.ts';

const REPORT: DrainReport = {
  version: 1,
  outcome: 'clean',
  exitCode: 0,
  trigger: { kind: 'signal', reason: 'SIGTERM' },
  startedAt: '2026-01-01T00:00:00.000Z',
  totalMs: 2_000,
  phases: [
    { phase: 'announcing', ms: 1_000 },
    { phase: 'draining', ms: 500 },
    { phase: 'closing', ms: 500 },
  ],
  windowEnd: 'elapsed',
  probeFailures: 0,
  inFlightAtStart: 3,
  servedLate: 2,
  refused: 1,
  stalled: 0,
  atDeadline: [],
  aborted: [],
  resources: [],
  components: [],
  faults: [],
};

const WIDTH = 40;

/** The lines that are bars: label, cells before, cells filled, note. */
function bars(report: DrainReport) {
  return formatReport(report)
    .split('\n')
    .flatMap((line) => {
      const cells = /^ {2}(.*?)( *)(█+)( *) {2}(.*)$/.exec(line);
      return cells === null ? [] : [{ line, filled: (cells[3] ?? '').length, note: cells[5], at: line.indexOf('█') }];
    });
}

const notes = (report: DrainReport): string[] =>
  formatReport(report)
    .split('\n')
    .slice(1)
    .filter((line) => !line.includes('█') && !line.includes('→'))
    .map((line) => line.trim());

test('the first line says outcome, time, trigger and exit code', () => {
  const first = (report: DrainReport): string | undefined => formatReport(report).split('\n')[0];
  expect(first(REPORT)).toBe('drain: clean in 2 s (SIGTERM, exit code 0)');
  expect(first({ ...REPORT, outcome: 'forced', exitCode: 130 })).toBe('drain: forced in 2 s (SIGTERM, exit code 130)');
});

describe('bars', () => {
  test('phases stand one after the other, on one scale', () => {
    const drawn = bars(REPORT);
    expect(drawn.map(({ filled }) => filled)).toEqual([20, 10, 10]);
    const [first] = drawn;
    expect(drawn.map(({ at }) => at - (first?.at ?? 0))).toEqual([0, 20, 30]);
    expect(drawn.map(({ note }) => note)).toEqual(['1 s', '500 ms', '500 ms']);
  });

  test('resources stand under closing, indented, in the order of closing', () => {
    const resources = [
      { name: 'redis', outcome: 'closed', ms: 200 },
      { name: 'postgres', outcome: 'hung', ms: 300, error: 'stuck' },
    ] as const;
    const drawn = bars({ ...REPORT, resources });
    expect(drawn.map(({ line }) => line.trim().split(' ')[0])).toEqual([
      'announcing',
      'draining',
      'closing',
      'redis',
      'postgres',
    ]);
    const [announcing, , , redis, postgres] = drawn;
    expect(redis).toMatchObject({ at: (announcing?.at ?? 0) + 30, filled: 4, note: '200 ms' });
    expect(postgres).toMatchObject({ at: (announcing?.at ?? 0) + 34, filled: 6, note: '300 ms, hung' });
    expect(redis?.line).toMatch(/^ {4}redis/);
  });

  test('notes stand in one column, however long the names', () => {
    const resources = [{ name: 'a very long name of a resource', outcome: 'closed', ms: 1 }] as const;
    const columns = bars({ ...REPORT, resources }).map(({ line, note }) => line.length - (note ?? '').length);
    expect(new Set(columns).size).toBe(1);
  });

  test('what was quick has a cell all the same', () => {
    const phases = [
      { phase: 'announcing', ms: 2_000 },
      { phase: 'draining', ms: 0 },
      { phase: 'closing', ms: 0 },
    ] as const;
    const drawn = bars({ ...REPORT, phases });
    expect(drawn.map(({ filled }) => filled)).toEqual([40, 1, 1]);
  });

  test('a drain that took no time at all is drawn, too', () => {
    const phases = REPORT.phases.map(({ phase }) => ({ phase, ms: 0 }));
    expect(bars({ ...REPORT, totalMs: 0, phases }).map(({ filled, at }) => [filled, at])).toEqual([
      [1, 14],
      [1, 14],
      [1, 14],
    ]);
  });

  test('resources of one group begin together; what follows begins when the longest has ended', () => {
    const drawn = bars({
      ...REPORT,
      resources: [
        { name: 'mail', outcome: 'closed', ms: 100 },
        { name: 'redis', outcome: 'closed', ms: 300, parallel: true },
        { name: 'db', outcome: 'closed', ms: 200 },
      ],
    });
    expect(drawn.slice(3).map(({ at }) => at - (drawn[0]?.at ?? 0))).toEqual([30, 30, 36]);
  });

  test('a component that was quiesced has a bar from the beginning', () => {
    const components = [
      { name: 'consumer', quiesceMs: 500, failures: 0 },
      { name: 'db', startMs: 5, failures: 0 },
    ];
    const drawn = bars({ ...REPORT, components });
    expect(drawn.map(({ filled }) => filled)).toEqual([20, 10, 10, 10]);
    expect(drawn[1]).toMatchObject({ at: drawn[0]?.at, note: '500 ms to quiesce' });
    expect(drawn[1]?.line).toContain('    consumer');
  });

  test('a drain without phases has none', () => {
    expect(bars({ ...REPORT, phases: [], totalMs: 0 })).toEqual([]);
  });

  test('whatever the times, each bar fits the scale', () => {
    const ms = fc.nat(60_000);
    fc.assert(
      fc.property(ms, ms, ms, fc.array(ms, { maxLength: 4 }), (announcing, draining, closing, times) => {
        const drawn = bars({
          ...REPORT,
          totalMs: announcing + draining + closing,
          phases: [
            { phase: 'announcing', ms: announcing },
            { phase: 'draining', ms: draining },
            { phase: 'closing', ms: closing },
          ],
          resources: times.map((took, index) => ({ name: `r${index}`, outcome: 'closed', ms: took })),
        });
        expect(drawn).toHaveLength(3 + times.length);
        const left = Math.min(...drawn.map(({ at }) => at));
        for (const { at, filled } of drawn) {
          expect(filled).toBeGreaterThanOrEqual(1);
          expect(at + filled).toBeLessThanOrEqual(left + WIDTH);
        }
      }),
    );
  });
});

describe('notes', () => {
  test('the counts are always there', () => {
    expect(notes(REPORT)).toEqual(['3 in flight at the start, 2 served late, 1 refused']);
  });

  test('what went wrong is named: stalled, destroyed, errors of resources and components, faults, in this order', () => {
    const text = notes({
      ...REPORT,
      stalled: 2,
      atDeadline: [
        { name: 'GET /export', ageMs: 23_000 },
        { name: 'PUT /orders/:id', ageMs: 1_500 },
      ],
      aborted: [{ name: 'GET /export', ageMs: 24_000 }],
      resources: [
        { name: 'redis', outcome: 'closed', ms: 1 },
        { name: 'postgres', outcome: 'failed', ms: 1, error: 'connection lost' },
        { name: 'queue', outcome: 'failed', ms: 1, error: 'a text' },
      ],
      components: [{ name: 'consumer', failures: 0, error: 'channel closed' }],
      faults: ['unhandledRejection: x is undefined'],
    });
    expect(text.slice(1)).toEqual([
      '2 cut off in the middle of sending a request',
      'in flight at the deadline: PUT /orders/:id, running for 1.5 s',
      'destroyed: GET /export, running for 24 s',
      'postgres: connection lost',
      'queue: a text',
      'component consumer: channel closed',
      'uncaught: unhandledRejection: x is undefined',
    ]);
  });
});

test('what kept the process alive is named, and the last lines say what to do', () => {
  const text = formatReport({ ...REPORT, refused: 0, stalled: 1 }, ['Timeout', 'Timeout']).split('\n');
  expect(text.slice(-2)).toEqual([
    '  kept alive by 2 × Timeout: a timer: clear it, or unref() it',
    '  → clients stopped in the middle of a request: see what keeps them, or raise stallTimeout',
  ]);
});
