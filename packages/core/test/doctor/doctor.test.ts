import { describe, expect, test } from 'vitest';
import { diagnose, type DoctorFacts } from '../../src/doctor/doctor.ts';
import type { DrainOptions } from '../../src/plan/drain-options.ts';
import { resolvePlan } from '../../src/plan/drain-plan.ts';
import { DRAIN_WARNINGS, type WarningCode } from '../../src/doctor/drain-warning.ts';

/** A server in production with which all is well. */
const HEALTHY: DoctorFacts = {
  pid: 1,
  parentPid: 0,
  hasTerminal: false,
  otherListeners: { SIGTERM: 0, SIGINT: 0 },
  env: { NODE_ENV: 'production' },
  keepAliveTimeouts: [72_000],
  resources: [{ name: 'postgres', timeout: 5_000 }],
  handles: ['TCPServerWrap', 'TCPSocketWrap'],
};

const codes = (facts: Partial<DoctorFacts>, options: DrainOptions = {}): WarningCode[] =>
  diagnose(resolvePlan(options, {}), { ...HEALTHY, ...facts }).map(({ code }) => code);

interface Case {
  readonly facts: Partial<DoctorFacts>;
  readonly options?: DrainOptions;
}

/** For each warning, what brings it, and the nearest to it that does not. */
const CASES: Readonly<
  Record<Exclude<WarningCode, 'report-not-written'>, { yes: readonly Case[]; no: readonly Case[] }>
> = {
  'keep-alive-timeout': {
    yes: [
      { facts: { keepAliveTimeouts: [5_000] } },
      { facts: { keepAliveTimeouts: [60_000] } },
      { facts: { keepAliveTimeouts: [72_000, 5_000] } },
      { facts: { keepAliveTimeouts: [72_000] }, options: { balancerIdleTimeout: '350s' } },
      { facts: { keepAliveTimeouts: [5_000], pid: 9, env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } } },
    ],
    no: [
      { facts: { keepAliveTimeouts: [60_001] } },
      { facts: { keepAliveTimeouts: [0] } },
      { facts: { keepAliveTimeouts: [] } },
      { facts: { keepAliveTimeouts: [5_000] }, options: { balancerIdleTimeout: '4s' } },
      { facts: { keepAliveTimeouts: [5_000], pid: 9, env: { NODE_ENV: 'test' } } },
    ],
  },
  'pm2-kill-timeout': {
    yes: [
      { facts: { env: { NODE_ENV: 'production', pm_id: '0' } } },
      { facts: { env: { NODE_ENV: 'production', pm_id: '0', kill_timeout: '29999' } } },
      { facts: { env: { NODE_ENV: 'production', pm_id: '0', kill_timeout: 'soon' } } },
    ],
    no: [
      { facts: { env: { NODE_ENV: 'production', pm_id: '0', kill_timeout: '30000' } } },
      {
        facts: { env: { NODE_ENV: 'production', pm_id: '0' }, resources: [{ name: 'postgres', timeout: 500 }] },
        options: { window: 0, deadline: '600ms', closeTimeout: '500ms', forceGrace: 0, gracePeriod: '1.6s' },
      },
    ],
  },
  'resource-timeout': {
    yes: [{ facts: { resources: [{ name: 'kafka', timeout: 5_001 }] } }],
    no: [
      { facts: { resources: [{ name: 'kafka', timeout: Infinity }] } },
      { facts: { resources: [{ name: 'kafka', timeout: 9_000 }] }, options: { deadline: '15s' } },
    ],
  },
  'signal-listeners': {
    yes: [{ facts: { otherListeners: { SIGTERM: 1 } } }, { facts: { otherListeners: { SIGTERM: 0, SIGINT: 2 } } }],
    no: [{ facts: { otherListeners: {} } }],
  },
  'node-env': {
    yes: [{ facts: { env: {} } }, { facts: { env: { NODE_ENV: 'development' } } }],
    no: [{ facts: { env: {}, pid: 9 } }],
  },
  'npm-start': {
    yes: [{ facts: { pid: 19, parentPid: 1, env: { npm_lifecycle_event: 'start' } } }],
    no: [
      { facts: { pid: 19, parentPid: 1, env: {} } },
      { facts: { pid: 19, parentPid: 18, env: { npm_lifecycle_event: 'start' } } },
    ],
  },
  'terminal-at-pid-1': {
    yes: [{ facts: { hasTerminal: true } }],
    no: [
      { facts: { hasTerminal: true, pid: 9 } },
      { facts: { hasTerminal: true }, options: { signals: { SIGHUP: 'at-once' } } },
    ],
  },
  'resource-twice': {
    yes: [
      {
        facts: {
          resources: [
            { name: 'db', timeout: 1 },
            { name: 'cache', timeout: 1 },
            { name: 'db', timeout: 1 },
            { name: 'db', timeout: 1 },
          ],
        },
      },
    ],
    no: [
      {
        facts: {
          resources: [
            { name: 'db', timeout: 1 },
            { name: 'cache', timeout: 1 },
          ],
        },
      },
    ],
  },
  'no-resource': {
    yes: [{ facts: { resources: [] } }, { facts: { resources: [], handles: ['TLSWrap', 'TCPSocketWrap'] } }],
    no: [{ facts: { resources: [], handles: ['TCPServerWrap', 'Timeout', 'PipeWrap'] } }],
  },
};

test('a server with which all is well gets no warning', () => {
  expect(codes({})).toEqual([]);
});

describe.each(Object.entries(CASES))('%s', (code, { yes, no }) => {
  test.each(yes)('is given once where it holds: %j', ({ facts, options }) => {
    const [warning, ...others] = diagnose(resolvePlan(options ?? {}, {}), { ...HEALTHY, ...facts });
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ code, remedy: DRAIN_WARNINGS[code as WarningCode].remedy });
    expect(warning?.message).not.toMatch(/undefined|NaN|Infinity/);
  });

  test.each(no)('is not given where it does not: %j', ({ facts, options }) => {
    expect(codes(facts, options)).toEqual([]);
  });

  test('can be silenced, alone or with all', () => {
    const facts = yes[0]?.facts ?? {};
    expect(codes(facts, { silence: [code as WarningCode] })).toEqual([]);
    expect(codes(facts, { silence: 'all' })).toEqual([]);
    expect(codes(facts, { silence: ['report-not-written'] })).toEqual([code]);
  });
});

test('several are given together', () => {
  const facts = { env: {}, keepAliveTimeouts: [5_000], otherListeners: { SIGTERM: 1, SIGINT: 1 } };
  expect(codes(facts)).toEqual(['keep-alive-timeout', 'signal-listeners', 'signal-listeners', 'node-env']);
});

test('the environment silences, too', () => {
  expect(resolvePlan({}, { DRAIN_SILENCE: 'node-env, npm-start' }).silence).toEqual(['node-env', 'npm-start']);
  expect(resolvePlan({ silence: ['node-env'] }, { DRAIN_SILENCE: 'false' }).silence).toEqual([]);
  expect(resolvePlan({}, { DRAIN_SILENCE: 'all' }).silence).toEqual(Object.keys(DRAIN_WARNINGS));
  expect(() => resolvePlan({}, { DRAIN_SILENCE: 'node-evn' })).toThrow(
    /DRAIN_SILENCE is 'node-evn'; allowed: false, 'all'/,
  );
});
