import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { eventually, fakeHost, within } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { DrainEvent } from '../../src/drain-event.ts';
import { createDrain } from '../../src/node/create-drain.ts';
import { EVENT_CHANNELS, type DrainMessage } from '../../src/node/event-channels.ts';
import { catchUncaught } from '../catch-uncaught.ts';

function listen(name: string, listener: (message: DrainMessage) => void): void {
  const onMessage = (message: unknown): void => listener(message as DrainMessage);
  subscribe(name, onMessage);
  onTestFinished(() => void unsubscribe(name, onMessage));
}

test('every event of a drain is published on the channel of its type, with the drain, in order', async () => {
  const told: DrainEvent[] = [];
  const published: DrainEvent[] = [];
  const drain = createDrain({ host: fakeHost(), logger: false });
  drain.onAny((event) => told.push(event));
  for (const name of EVENT_CHANNELS)
    listen(name, (message) => {
      expect(message.drain).toBe(drain);
      expect(`drainkit:${message.event.type}`).toBe(name);
      published.push(message.event);
    });
  drain.unready('migrating');
  drain.resource('db', () => {});
  await within('the drain to end', 1_000, drain.close());
  expect(published).toEqual(told);
  expect(published.map(({ type }) => type)).toEqual([
    'readiness',
    'trigger',
    'phase',
    'phase',
    'phase',
    'resource',
    'phase',
    'report',
  ]);
});

test('a subscriber that throws stops no drain', async () => {
  const errors = catchUncaught();
  listen('drainkit:phase', () => {
    throw new Error('in a subscriber');
  });
  const drain = createDrain({ host: fakeHost(), logger: false });
  expect((await within('the drain to end', 1_000, drain.close())).outcome).toBe('clean');
  await eventually('what was thrown to be uncaught', () => errors.length === 4);
});
