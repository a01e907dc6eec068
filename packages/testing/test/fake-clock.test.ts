import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FakeClock } from '../src/fake-clock.ts';

test('time stands still until it is advanced', async () => {
  const clock = new FakeClock();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(clock.now()).toBe(0);
  await clock.advance(1500);
  expect(clock.now()).toBe(1500);
});

test('the date goes with the clock, from a fixed epoch', async () => {
  const clock = new FakeClock();
  expect(clock.date().toISOString()).toBe('2026-01-01T00:00:00.000Z');
  await clock.advance(1500);
  expect(clock.date().toISOString()).toBe('2026-01-01T00:00:01.500Z');
});

test('timers fire in order of time, those of one time in order of arming, each at its own time', async () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  for (const [name, ms] of [
    ['c', 30],
    ['a', 10],
    ['b', 20],
    ['b2', 20],
    ['late', 31],
  ] as const) {
    clock.setTimeout(() => fired.push(`${name}@${clock.now()}`), ms);
  }
  await clock.advance(30);
  expect(fired).toEqual(['a@10', 'b@20', 'b2@20', 'c@30']);
  expect(clock.pending).toBe(1);
});

test('a timer armed by a callback fires within the same advance, if it falls due', async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  const again = (): void => {
    fired.push(clock.now());
    clock.setTimeout(again, 10);
  };
  clock.setTimeout(again, 10);
  await clock.advance(35);
  expect(fired).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(35);
});

test('promise chains settle between two timers', async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.setTimeout(() => {
    void (async () => {
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      seen.push(`chain of the first@${clock.now()}`);
    })();
  }, 10);
  clock.setTimeout(() => seen.push('second'), 10);
  await clock.advance(10);
  expect(seen).toEqual(['chain of the first@10', 'second']);
});

test('a timer armed by a promise chain that was under way before the advance fires too', async () => {
  const clock = new FakeClock();
  let fired = false;
  void nextTurn().then(() => clock.setTimeout(() => (fired = true), 10));
  await clock.advance(10);
  expect(fired).toBe(true);
});

test('real sockets make progress while the clock advances', async () => {
  const clock = new FakeClock();
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  let received = '';
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {});
  socket.on('data', (chunk) => (received += String(chunk)));
  for (let tick = 0; tick < 1000; tick += 1) clock.setTimeout(() => {}, tick);
  await clock.advance(1000);
  expect(received).toBe('hello');
  socket.destroy();
  server.close();
});

test('a cancelled timer does not fire, and cancelling again does nothing', async () => {
  const clock = new FakeClock();
  let fired = false;
  const cancel = clock.setTimeout(() => (fired = true), 10);
  cancel();
  cancel();
  await clock.advance(10);
  expect(fired).toBe(false);
  expect(clock.pending).toBe(0);
});

test('a timer cancelled by another of the same time does not fire', async () => {
  const clock = new FakeClock();
  let fired = false;
  clock.setTimeout(() => cancel(), 10);
  const cancel = clock.setTimeout(() => (fired = true), 10);
  await clock.advance(10);
  expect(fired).toBe(false);
});

test('pending counts every timer, pendingRef those that keep a process alive', () => {
  const clock = new FakeClock();
  clock.setTimeout(() => {}, 1);
  clock.setTimeout(() => {}, 1, { ref: true });
  clock.setTimeout(() => {}, 1, { ref: false });
  expect(clock.pending).toBe(3);
  expect(clock.pendingRef).toBe(2);
});

test('a timer of 0 ms is due at once', async () => {
  const clock = new FakeClock();
  let fired = false;
  clock.setTimeout(() => (fired = true), 0);
  expect(fired).toBe(false);
  await clock.advance(0);
  expect(fired).toBe(true);
});

test('two advances at once run one after the other', async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.setTimeout(() => fired.push(clock.now()), 10);
  clock.setTimeout(() => fired.push(clock.now()), 15);
  await Promise.all([clock.advance(10), clock.advance(10)]);
  expect(fired).toEqual([10, 15]);
  expect(clock.now()).toBe(20);
});

test('advance rejects with what a callback throws, and can go on after it', async () => {
  const clock = new FakeClock();
  let fired = false;
  clock.setTimeout(() => {
    throw new Error('boom');
  }, 10);
  clock.setTimeout(() => (fired = true), 20);
  await expect(clock.advance(30)).rejects.toThrow('boom');
  expect(clock.now()).toBe(10);
  await clock.advance(10);
  expect(fired).toBe(true);
});

test('a delay that Node would cut to 1 ms is an error', () => {
  const clock = new FakeClock();
  expect(() => clock.setTimeout(() => {}, Number.NaN)).toThrow(RangeError);
  expect(() => clock.setTimeout(() => {}, Infinity)).toThrow(RangeError);
  expect(() => clock.setTimeout(() => {}, 2 ** 31)).toThrow('longest it can wait is 2147483647 ms');
});

test('time does not go back', async () => {
  await expect(new FakeClock().advance(-1)).rejects.toThrow('cannot advance by -1 ms');
});

test('a timer that rearms itself without time going by is an error, not an endless loop', async () => {
  const clock = new FakeClock();
  const again = (): void => {
    clock.setTimeout(again, 0);
  };
  again();
  await expect(clock.advance(1)).rejects.toThrow('without time going by');
});
