import { createServer } from 'node:http';
import { eventually, fakeHost } from '@drainkit/testing';
import { expect, test } from 'vitest';
import type { DrainWarning } from '../../src/doctor/drain-warning.ts';
import { createDrain } from '../../src/node/create-drain.ts';
import { listening } from './listening.ts';

test('the doctor looks at each server that is attached when the first begins to listen, once, and at what is set right after', async () => {
  const drain = createDrain({ host: fakeHost({ env: { NODE_ENV: 'production' } }), logger: false });
  const warnings: DrainWarning[] = [];
  drain.on('warning', ({ warning }) => warnings.push(warning));
  const first = drain.attach(createServer());
  const second = drain.attach(createServer());
  second.keepAliveTimeout = 7_000;
  const listens = listening(first);
  first.keepAliveTimeout = 65_000;
  await listens;
  await eventually('the warning', () => warnings.length > 0);
  await listening(second);
  await new Promise(setImmediate);
  expect(warnings).toMatchObject([
    { code: 'keep-alive-timeout', message: expect.stringContaining('after 7 s') as string },
  ]);
});
