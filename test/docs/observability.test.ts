import type { DrainLogger } from '@drainkit/core';
import { createDrain, EVENT_CHANNELS } from '@drainkit/core/node';
import { fakeHost, reached, within } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { readDocument, tableRows } from './markdown-table.ts';

const page = readDocument('docs/observability.md');

const events = tableRows(page, 'event').map(([event = '', channel = '', , levels = '', fields = '']) => ({
  event,
  channel,
  levels: levels.split(', '),
  fields: fields.split(', ').map((field) => field.replaceAll('`', '')),
}));

test('the events page names every event and its channel', () => {
  expect(events.map(({ channel }) => channel)).toEqual(EVENT_CHANNELS);
  expect(events.map(({ event }) => `drainkit:${event}`)).toEqual(EVENT_CHANNELS);
});

/** Log lines by event: levels and fields. */
class Lines implements DrainLogger {
  readonly levels = new Map<string, Set<string>>();
  readonly fields = new Map<string, Set<string>>();

  info(fields: object): void {
    this.#add('info', fields);
  }

  warn(fields: object): void {
    this.#add('warn', fields);
  }

  error(fields: object): void {
    this.#add('error', fields);
  }

  #add(level: string, fields: object): void {
    const { drain } = fields as { readonly drain: string };
    this.levels.set(drain, (this.levels.get(drain) ?? new Set()).add(level));
    const names = this.fields.get(drain) ?? new Set();
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) names.add(name);
    this.fields.set(drain, names);
  }
}

/** Drains in which everything happens that can. */
async function everything(logger: DrainLogger): Promise<void> {
  const host = fakeHost();
  const drain = createDrain({ host, logger, report: '/nowhere', window: '1s', deadline: '1s' });
  host.write = () => {
    throw new Error('read-only file system');
  };
  host.handles = ['Timeout'];
  drain.expectRequests();
  let isUp = true;
  drain.check('db', () => isUp, { cache: 0 });
  for (const up of [true, false, true]) {
    isUp = up;
    await drain.health('ready');
  }
  drain.unready('migrating');
  drain.ready();
  drain.component({ name: 'consumer', start: async () => {}, quiesce: () => Promise.reject(new Error('no')) });
  await drain.startComponents();
  await drain.drainPart('mail', drain.pool('mail', { concurrency: 1 }));
  await drain.drainPart('sms', drain.pool('sms', { concurrency: 1 }), { close: () => Promise.reject(new Error('no')) });
  drain.resource('fine', () => {});
  drain.resource('fails', () => Promise.reject(new Error('no')));
  drain.enter('job');
  host.signal('SIGTERM');
  await reached(drain, 'announcing');
  await host.advance(10_000);
  await within('the drain to end', 2_000, drain.done);
  await host.advance(1_000);
  const clean = createDrain({ host: fakeHost(), logger });
  await within('the second drain to end', 2_000, clean.close());
  const faulty = fakeHost();
  createDrain({ host: faulty, logger });
  faulty.fault(new Error('boom'));
}

test('every line has the documented levels and fields, and no other', async () => {
  const lines = new Lines();
  await everything(lines);
  for (const { event, levels, fields } of events) {
    expect([event, [...(lines.levels.get(event) ?? [])].toSorted()]).toEqual([event, levels.toSorted()]);
    expect([event, [...(lines.fields.get(event) ?? [])].toSorted()]).toEqual([event, ['drain', ...fields].toSorted()]);
  }
});
