import fc from 'fast-check';
import { expect, test } from 'vitest';
import { healthRoute } from '../../src/health/health.ts';
import { HealthPaths } from '../../src/node/health-paths.ts';
import { pathOf } from '../../src/node/http-answer.ts';
import { resolvePlan } from '../../src/plan/drain-plan.ts';

const PLANS = [
  {},
  { health: false },
  { health: { port: 9_090 } },
  { health: { ready: '/', live: '/l' } },
  { health: { ready: '/r', startup: false } },
] as const;

const paths = fc.constantFrom('/', '/ready', '/readyz', '/r', '/l', '/healthz', '/startup', '/orders', '*', '');
const starts = fc.constantFrom('', '/api', 'http://user@host', 'http://host/api');
const ends = fc.constantFrom('', '?', '?a=1', '#b', '/');

test.each(['', '/api'])('a request is for the health route that its path says, under the prefix %j', (prefix) => {
  fc.assert(
    fc.property(fc.constantFrom(...PLANS), starts, paths, ends, (options, start, path, end) => {
      const plan = resolvePlan(options, {});
      const request = { url: start + path + end };
      expect(new HealthPaths(plan, prefix).routeOf(request)).toBe(healthRoute(plan, prefix, pathOf(request)));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['/ready', 'ready'],
  ['/ready?x=1', 'ready'],
  ['http://host/healthz', 'live'],
  ['/startup#a', 'startup'],
  ['/ready/', undefined],
  ['/', undefined],
] as const)('%s is for %s', (url, route) => {
  expect(new HealthPaths(resolvePlan({}, {}), '').routeOf({ url })).toBe(route);
});

test('a URL that a router has cut short is that from before', () => {
  const request = { url: '/', originalUrl: '/ready' };
  expect(new HealthPaths(resolvePlan({}, {}), '').routeOf(request)).toBe('ready');
});
