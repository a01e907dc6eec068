import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { DrainReport } from '@drainkit/core';
import { createDrain, type HttpDrain } from '@drainkit/core/node';
import { fakeHost, reached, within, type FakeHost } from '@drainkit/testing';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const schema = JSON.parse(
  readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;

/** The same schema, for which what it does not know is an error: what is added to a report is added to it. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy ? { ...copy, additionalProperties: false } : copy;
}

const ajv = new Ajv2020({ strict: true });
formats.default(ajv);
const validate = ajv.compile({ ...(closed(schema) as AnySchemaObject), $id: 'urn:drainkit:report:closed' });

/** What is wrong with a report, once it has been to JSON and back. */
function problemsOf(report: DrainReport): unknown[] {
  const read: unknown = JSON.parse(JSON.stringify(report));
  const isValid = validate(read);
  const problems: unknown[] = isValid === true ? [] : [...(validate.errors ?? [])];
  return isDeepStrictEqual(read, report) ? problems : [...problems, 'JSON cannot say all of it'];
}

interface Scene {
  readonly host: FakeHost;
  readonly drain: HttpDrain;
}

const hang = (): Promise<never> => new Promise(() => {});

/** What can go on in an app. */
const APPS: Readonly<Record<string, (scene: Scene) => void>> = {
  idle: () => {},
  'work that goes on': ({ drain }) => void drain.enter('job'),
  'work that ends': ({ host, drain }) => {
    const work = drain.enter('job');
    host.clock.setTimeout(() => work.leave(), 7_000.5);
  },
  'work that is refused': ({ drain }) => {
    drain.enter('job');
    drain.on('phase', ({ phase }) => {
      if (phase === 'draining') drain.track(async () => {}, 'late').catch(() => {});
    });
  },
  'resources of all kinds': ({ drain }) => {
    drain.resource('fine', async () => {});
    drain.resource('a', async () => {}, { group: 'pools' });
    drain.resource('b', async () => {}, { group: 'pools' });
    drain.resource('fails', () => Promise.reject(new Error('connection lost')));
    drain.resource('throws nothing that has a text', () => Promise.reject(Object.create(null)));
    drain.resource('hangs', hang, { timeout: '1s' });
  },
  'a component': ({ drain }) => {
    drain.component({ name: 'consumer', start: async () => {}, quiesce: async () => {}, close: async () => {} });
    void drain.startComponents();
  },
  'a component that fails to quiesce': ({ drain }) => {
    drain.component({ name: 'consumer', start: async () => {}, quiesce: () => Promise.reject(new Error('no')) });
    void drain.startComponents();
  },
};

/** What can end it. */
const ENDS: Readonly<Record<string, (scene: Scene) => Promise<unknown> | void>> = {
  SIGTERM: ({ host }) => void host.signal('SIGTERM'),
  SIGINT: ({ host }) => void host.signal('SIGINT'),
  'two signals': async ({ host, drain }) => {
    host.signal('SIGTERM');
    await reached(drain, 'announcing');
    host.signal('SIGINT');
  },
  'a fault': ({ host }) => void host.fault(Object.assign(new Error('boom'), { code: 'E' })),
  'a fault without a text': ({ host }) => void host.fault(undefined, 'unhandledRejection'),
  'close()': ({ drain }) => void drain.close(),
  'start()': ({ drain }) => void drain.start('because'),
  'abort()': ({ drain }) => drain.abort('lost the lock', 3),
  "pm2's message": ({ host }) => void host.message('shutdown'),
  'all of them': ({ host, drain }) => {
    void drain.start();
    void drain.close();
    host.signal('SIGTERM');
    host.fault(new Error('boom'));
    host.signal('SIGTERM');
  },
};

const PLANS = {
  default: {},
  'without a window': { window: 0 },
  adaptive: { window: { min: '1s', max: '5s', quiet: '1s' } },
  tight: { window: '1s', deadline: '1s', closeTimeout: '500ms', gracePeriod: '4s' },
} as const;

const CASES = Object.keys(APPS).flatMap((app) => Object.keys(ENDS).map((end) => [app, end] as const));

test.each(CASES)('the report of an app with %s that %s ends is what the schema says', async (app, end) => {
  for (const plan of Object.values(PLANS)) {
    const host = fakeHost();
    const drain = createDrain({ host, logger: false, ...plan });
    drain.expectRequests();
    APPS[app]?.({ host, drain });
    await host.advance(0);
    await ENDS[end]?.({ host, drain });
    await host.advance(30_000);
    expect(problemsOf(await within('the drain to end', 2_000, drain.done))).toEqual([]);
  }
});

test('so is any other', async () => {
  const run = fc.asyncProperty(
    fc.shuffledSubarray(Object.keys(APPS)),
    fc.shuffledSubarray(Object.keys(ENDS), { minLength: 1 }),
    fc.constantFrom(...Object.values(PLANS)),
    async (apps, ends, plan) => {
      const host = fakeHost();
      const drain = createDrain({ host, logger: false, ...plan });
      drain.expectRequests();
      for (const app of apps.filter((name, index) => !name.includes('component') || index === 0))
        APPS[app]?.({ host, drain });
      for (const end of ends) {
        if (drain.phase === 'closed') break;
        await ENDS[end]?.({ host, drain });
        await host.advance(1_234.5);
      }
      await host.advance(30_000);
      expect(problemsOf(await within('the drain to end', 2_000, drain.done))).toEqual([]);
    },
  );
  await fc.assert(run, { numRuns: 60 });
});

test('a report that is not one is refused', () => {
  expect(validate({ version: 1, outcome: 'clean' })).toBe(false);
});
