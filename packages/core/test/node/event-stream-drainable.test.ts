import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { eventually, FakeClock, RawClient, within } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { resolvePlan } from '../../src/plan/drain-plan.ts';
import { EventStreamDrainable, type EventStream } from '../../src/node/event-stream-drainable.ts';
import { http } from './listening.ts';

const WINDOW = 1_000;

function drainableOf(): { readonly clock: FakeClock; readonly drainable: EventStreamDrainable } {
  const clock = new FakeClock();
  return { clock, drainable: new EventStreamDrainable(resolvePlan({ window: WINDOW }, {}), clock) };
}

/** A stream that nobody reads. */
class FakeStream extends EventEmitter {
  readonly written: string[] = [];
  writableEnded = false;

  write(text: string): boolean {
    this.written.push(text);
    return true;
  }

  end(): this {
    this.writableEnded = true;
    this.emit('close');
    return this;
  }
}

const fakeStreams = (count: number): FakeStream[] => Array.from({ length: count }, () => new FakeStream());

const asStream = (stream: FakeStream): EventStream => stream as unknown as EventStream;

test('a client gets a last retry and the end, over a real connection', async () => {
  const { clock, drainable } = drainableOf();
  const server = await http((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: 1\n\n');
    drainable.track(response, { retry: '2s' });
  });
  const client = await RawClient.connect(server);
  onTestFinished(() => client[Symbol.asyncDispose]());
  client.get('/');
  await eventually('the first event', () => client.received.includes('data: 1'));
  drainable.announce();
  await clock.advance(WINDOW);
  const { body } = await client.response();
  const retry = Number(/^data: 1\n\nretry: (\d+)\n\n$/.exec(body)?.[1]);
  expect(retry).toBeGreaterThanOrEqual(2_000);
  expect(retry).toBeLessThanOrEqual(4_000);
  drainable.refuse();
  await within('the drain of the streams', 1_000, drainable.drained());
});

test('one whose client has left already is not waited for', async () => {
  const { drainable } = drainableOf();
  const responses: ServerResponse[] = [];
  const server = await http((_, response) => void responses.push(response));
  const client = await RawClient.connect(server);
  client.get('/');
  await eventually('the request', () => responses.length === 1);
  const [response] = responses as [ServerResponse];
  client.reset();
  await within('the client to leave', 5_000, once(response, 'close'));
  drainable.track(response, {});
  let isDrained = false;
  void drainable.drained().then(() => (isDrained = true));
  drainable.announce();
  drainable.refuse();
  await eventually('the drain of the streams', () => isDrained);
  expect(isDrained).toBe(true);
});

test('the retries differ, so that clients do not come back at once', async () => {
  const { clock, drainable } = drainableOf();
  const streams = fakeStreams(50);
  for (const stream of streams) drainable.track(asStream(stream), {});
  drainable.announce();
  await clock.advance(WINDOW);
  expect(new Set(streams.map(({ written }) => written[0])).size).toBeGreaterThan(25);
});

test('ten thousand end spread over the window, no tenth of it with more than 1.2 tenths of them', async () => {
  const { clock, drainable } = drainableOf();
  const tenths = Array.from({ length: 11 }, () => 0);
  for (const stream of fakeStreams(10_000)) {
    drainable.track(asStream(stream), {});
    stream.once('close', () => {
      const tenth = Math.floor(clock.now() / (WINDOW / 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    });
  }
  drainable.announce();
  await clock.advance(WINDOW);
  expect(tenths.reduce((sum, count) => sum + count)).toBe(10_000);
  expect(Math.max(...tenths)).toBeLessThanOrEqual(1_200);
});

describe('a stream', () => {
  test('that ends by itself is forgotten', async () => {
    const { clock, drainable } = drainableOf();
    const stream = new FakeStream();
    drainable.track(asStream(stream), {});
    stream.end();
    drainable.announce();
    await clock.advance(WINDOW);
    expect(stream.written).toEqual([]);
    drainable.refuse();
    await within('the drain of the streams', 1_000, drainable.drained());
  });

  test('that begins during the drain ends in it', async () => {
    const { clock, drainable } = drainableOf();
    drainable.announce();
    await clock.advance(WINDOW / 2);
    const stream = new FakeStream();
    drainable.track(asStream(stream), {});
    await clock.advance(WINDOW / 2);
    expect(stream.writableEnded).toBe(true);
  });

  test('that is left when the window is cut short ends at once', async () => {
    const { clock, drainable } = drainableOf();
    const streams = fakeStreams(200);
    for (const stream of streams) drainable.track(asStream(stream), {});
    drainable.announce();
    drainable.refuse();
    await clock.advance(0);
    expect(streams.every(({ writableEnded }) => writableEnded)).toBe(true);
    await within('the drain of the streams', 1_000, drainable.drained());
  });

  test('with a retry that is no duration is refused, by code', () => {
    const { drainable } = drainableOf();
    const track = (): void => drainable.track(asStream(new FakeStream()), { retry: 'soon' as never });
    expect(track).toThrow(expect.objectContaining({ code: 'DRAIN_CLIENTS_INVALID' }));
    expect(track).toThrow(/retry is 'soon'/);
  });
});
