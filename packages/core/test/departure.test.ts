import { fakeHost } from '@drainkit/testing';
import { expect, test } from 'vitest';
import { leave } from '../src/departure.ts';

test('the code is set at once, and the process is left to end by itself', () => {
  const host = fakeHost();
  leave(host, 1, () => expect.unreachable());
  expect([host.exitCode, host.exited]).toEqual([1, undefined]);
});

test('waiting for that does not keep the process alive', () => {
  const host = fakeHost();
  leave(host, 0, () => {});
  expect([host.clock.pending, host.clock.pendingRef]).toEqual([1, 0]);
});

test('what keeps it alive is named after a quarter of a second, and the process is ended', async () => {
  const host = fakeHost();
  host.handles = ['Timeout', 'TCPSocketWrap'];
  const heard: unknown[] = [];
  leave(host, 3, (handles) => heard.push(handles, host.exited));
  await host.advance(249);
  expect([heard, host.exited]).toEqual([[], undefined]);
  await host.advance(1);
  expect(heard).toEqual([['Timeout', 'TCPSocketWrap'], undefined]);
  expect(host.exited).toBe(3);
});

test('a process in which another drain is under way is not ended under it', async () => {
  const host = fakeHost();
  const release = host.hold();
  leave(host, 0, () => expect.unreachable());
  await host.advance(250);
  expect(host.exited).toBeUndefined();
  release();
});

test('a drain that is over in time does not keep another from ending the process', async () => {
  const host = fakeHost();
  const release = host.hold();
  leave(host, 0, () => {});
  await host.advance(200);
  release();
  await host.advance(50);
  expect(host.exited).toBe(0);
});
