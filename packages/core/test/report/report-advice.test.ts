import { expect, test } from 'vitest';
import type { DrainReport } from '../../src/report/drain-report.ts';
import { describeHandles, reportAdvice } from '../../src/report/report-advice.ts';

const CLEAN: DrainReport = {
  version: 1,
  outcome: 'clean',
  exitCode: 0,
  trigger: { kind: 'signal', reason: 'SIGTERM' },
  startedAt: '2026-01-01T00:00:00.000Z',
  totalMs: 2_000,
  phases: [],
  windowEnd: 'elapsed',
  probeFailures: 0,
  inFlightAtStart: 3,
  servedLate: 2,
  refused: 0,
  stalled: 0,
  atDeadline: [],
  aborted: [],
  resources: [{ name: 'db', outcome: 'closed', ms: 5 }],
  components: [],
  faults: [],
};

const export_ = { name: 'GET /export', ageMs: 24_000 };
const socket = { name: 'GET /chat (upgraded)', ageMs: 60_000 };

test('a clean drain needs none', () => {
  expect(reportAdvice(CLEAN)).toEqual([]);
});

const CASES: readonly (readonly [string, Partial<DrainReport>, RegExp])[] = [
  ['work at the deadline', { outcome: 'timed-out', atDeadline: [export_] }, /drain signal.*longer deadline/],
  ['WebSockets that nobody told', { atDeadline: [socket], aborted: [socket] }, /drain\.websockets\(server\)/],
  ['a resource that hangs', { resources: [{ name: 'kafka', outcome: 'hung', ms: 5_000 }] }, /kafka waits for/],
  [
    'a resource that was skipped',
    { outcome: 'forced', exitCode: 1, resources: [{ name: 'db', outcome: 'skipped', ms: 0 }] },
    /leave more of the grace period/,
  ],
  ['a second signal', { outcome: 'forced', exitCode: 143 }, /second signal/],
  ['requests that came after the window', { refused: 5 }, /clients still came after the window/],
  ['clients that stalled', { stalled: 1 }, /stopped in the middle of a request/],
];

test.each(CASES)('%s has one sentence of it', (_, part, text) => {
  expect(reportAdvice({ ...CLEAN, ...part })).toEqual([expect.stringMatching(text)]);
});

test('handles are counted, and it is said what they are and what to do', () => {
  expect(describeHandles(['TCPSocketWrap', 'Timeout', 'TCPSocketWrap', 'SomethingNew'])).toEqual([
    '2 × TCPSocketWrap: an open connection: close its pool or client in a resource',
    'Timeout: a timer: clear it, or unref() it',
    'SomethingNew',
  ]);
  expect(describeHandles([])).toEqual([]);
});
