import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { fakeHost } from '../src/fake-host.ts';
import { FakeHost, TimedOutError } from '../src/index.ts';

test('fakeHost makes a FakeHost with nothing of the real environment', () => {
  const host = fakeHost();
  expect(host).toBeInstanceOf(FakeHost);
  expect(host.env).toEqual({});
  expect(fakeHost({ env: { DRAIN_WINDOW: '1s' } }).env).toEqual({ DRAIN_WINDOW: '1s' });
});

test('a signal reaches its listeners with its number', () => {
  const host = fakeHost();
  const heard: string[] = [];
  host.onSignal('SIGTERM', (number) => heard.push(`first ${number}`));
  host.onSignal('SIGTERM', (number) => heard.push(`second ${number}`));
  host.onSignal('SIGINT', (number) => heard.push(`interrupt ${number}`));
  expect(host.signal('SIGTERM')).toBe(true);
  expect(heard).toEqual(['first 15', 'second 15']);
  expect(host.signal('SIGINT')).toBe(true);
  expect(heard[2]).toBe(`interrupt ${constants.signals.SIGINT}`);
});

test('signal tells whether anybody listened', () => {
  const host = fakeHost();
  expect(host.signal('SIGTERM')).toBe(false);
  const cancel = host.onSignal('SIGTERM', () => {});
  expect(host.signal('SIGTERM')).toBe(true);
  cancel();
  expect(host.signal('SIGTERM')).toBe(false);
});

test('a misspelt signal is an error', () => {
  expect(() => fakeHost().signal('SIGTREM')).toThrow("'SIGTREM' is no signal");
});

test('one function that listens twice is two listeners', () => {
  const host = fakeHost();
  let heard = 0;
  const listener = (): void => {
    heard += 1;
  };
  const cancel = host.onSignal('SIGTERM', listener);
  host.onSignal('SIGTERM', listener);
  cancel();
  cancel();
  expect(host.listenerCount('SIGTERM')).toBe(1);
  host.signal('SIGTERM');
  expect(heard).toBe(1);
});

test('listenerCount without a signal counts every listener', () => {
  const host = fakeHost();
  const cancels = [
    host.onSignal('SIGTERM', () => {}),
    host.onSignal('SIGINT', () => {}),
    host.onFault(() => {}),
    host.onMessage(() => {}),
  ];
  expect(host.listenerCount()).toBe(4);
  expect(host.listenerCount('SIGINT')).toBe(1);
  expect(host.listenerCount('SIGHUP')).toBe(0);
  for (const cancel of cancels) cancel();
  expect(host.listenerCount()).toBe(0);
});

test('a fault and a message reach their listeners', () => {
  const host = fakeHost();
  expect(host.fault(new Error('nobody there'))).toBe(false);
  expect(host.message('shutdown')).toBe(false);
  const heard: unknown[] = [];
  host.onFault((fault) => heard.push(fault));
  host.onMessage((message) => heard.push(message));
  const error = new Error('boom');
  expect(host.fault(error)).toBe(true);
  expect(host.fault('a reason', 'unhandledRejection')).toBe(true);
  expect(host.message('shutdown')).toBe(true);
  expect(heard).toEqual([
    { kind: 'uncaughtException', error },
    { kind: 'unhandledRejection', error: 'a reason' },
    'shutdown',
  ]);
});

test('an exit code other than 0 is never overwritten with 0', () => {
  const host = fakeHost();
  expect(host.exitCode).toBeUndefined();
  host.setExitCode(0);
  expect(host.exitCode).toBe(0);
  host.setExitCode(1);
  host.setExitCode(0);
  expect(host.exitCode).toBe(1);
  host.setExitCode(143);
  expect(host.exitCode).toBe(143);
});

test('exited is the code of the first exit', async () => {
  const host = fakeHost();
  const exited = host.whenExited();
  expect(host.exited).toBeUndefined();
  host.exit(143);
  host.exit(0);
  expect(host.exited).toBe(143);
  await expect(exited).resolves.toBe(143);
  await expect(host.whenExited()).resolves.toBe(143);
});

test('waiting for an exit that does not come is bounded and says so', async () => {
  const wait = fakeHost().whenExited(10);
  await expect(wait).rejects.toThrow(TimedOutError);
  await expect(wait).rejects.toThrow('timed out after 10 ms waiting for the host to exit');
});

test('a host is held until every hold is let go, each counted once', () => {
  const host = fakeHost();
  const first = host.hold();
  const second = host.hold();
  first();
  first();
  expect(host.held).toBe(true);
  second();
  expect(host.held).toBe(false);
});

test('printed faults and active handles are there to be looked at and set', () => {
  const host = fakeHost();
  const fault = { kind: 'uncaughtException', error: new Error('boom') } as const;
  host.printFault(fault);
  expect(host.printedFaults).toEqual([fault]);
  expect(host.activeHandles()).toEqual([]);
  host.handles = ['Timeout'];
  expect(host.activeHandles()).toEqual(['Timeout']);
});

test('advance moves the clock of the host', async () => {
  const host = fakeHost();
  let fired = false;
  host.clock.setTimeout(() => (fired = true), 5000);
  await host.advance(4999);
  expect(fired).toBe(false);
  await host.advance(1);
  expect(fired).toBe(true);
});

test('what a drain writes is kept, and what it hears of the process is the test’s', () => {
  const host = fakeHost();
  host.write('stdout', '{}');
  expect(host.written).toEqual([{ target: 'stdout', line: '{}' }]);
  expect(host.facts().otherListeners).toEqual({});
  host.processFacts = { ...host.processFacts, pid: 1 };
  expect(host.facts().pid).toBe(1);
});
