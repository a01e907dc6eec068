import { within } from '@drainkit/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { processHost } from '../../src/node/process-host.ts';

/** How many listeners the process has more than when this was called. */
function counter(event: string): () => number {
  const before = process.listenerCount(event);
  return () => process.listenerCount(event) - before;
}

const emitter: NodeJS.EventEmitter = process;

const emitSignal = (signal: string, number: number): boolean => emitter.emit(signal, signal, number);

describe('signals', () => {
  test('one process listener, however many ask for the signal; it goes with the last', () => {
    const added = counter('SIGUSR2');
    const heard: string[] = [];
    const cancels = ['a', 'b', 'c'].map((name) =>
      processHost.onSignal('SIGUSR2', (number) => heard.push(`${name} ${number}`)),
    );
    expect(added()).toBe(1);
    emitSignal('SIGUSR2', 12);
    expect(heard).toEqual(['a 12', 'b 12', 'c 12']);
    cancels[0]?.();
    cancels[1]?.();
    expect(added()).toBe(1);
    emitSignal('SIGUSR2', 12);
    expect(heard.slice(3)).toEqual(['c 12']);
    cancels[2]?.();
    expect(added()).toBe(0);
  });

  test('cancelling twice does not cancel another', () => {
    const added = counter('SIGUSR2');
    const listener = (): void => {};
    const cancels = [processHost.onSignal('SIGUSR2', listener), processHost.onSignal('SIGUSR2', listener)];
    cancels[0]?.();
    cancels[0]?.();
    expect(added()).toBe(1);
    cancels[1]?.();
    expect(added()).toBe(0);
  });

  test('it comes back when somebody asks again', () => {
    const added = counter('SIGUSR2');
    processHost.onSignal('SIGUSR2', () => {})();
    const cancel = processHost.onSignal('SIGUSR2', () => {});
    expect(added()).toBe(1);
    cancel();
  });

  test('each signal has a listener of its own', () => {
    const [term, hup] = [counter('SIGTERM'), counter('SIGHUP')];
    const heard: number[] = [];
    const cancels = [
      processHost.onSignal('SIGTERM', (number) => heard.push(number)),
      processHost.onSignal('SIGHUP', (number) => heard.push(number)),
    ];
    expect([term(), hup()]).toEqual([1, 1]);
    emitSignal('SIGHUP', 1);
    expect(heard).toEqual([1]);
    for (const cancel of cancels) cancel();
    expect([term(), hup()]).toEqual([0, 0]);
  });

  test('a listener that leaves while it is called does not make another miss it', () => {
    const heard: string[] = [];
    const leave = processHost.onSignal('SIGUSR2', () => {
      heard.push('leaves');
      leave();
    });
    const cancel = processHost.onSignal('SIGUSR2', () => heard.push('stays'));
    emitSignal('SIGUSR2', 12);
    emitSignal('SIGUSR2', 12);
    cancel();
    expect(heard).toEqual(['leaves', 'stays', 'stays']);
  });
});

describe('faults', () => {
  test('one listener for each kind, however many ask, gone with the last', () => {
    const [uncaught, unhandled] = [counter('uncaughtException'), counter('unhandledRejection')];
    const cancels = [processHost.onFault(() => {}), processHost.onFault(() => {})];
    expect([uncaught(), unhandled()]).toEqual([1, 1]);
    for (const cancel of cancels) cancel();
    expect([uncaught(), unhandled()]).toEqual([0, 0]);
  });

  test('each kind is told apart', () => {
    // The test runner listens, too, and would count them against this test.
    const others = (['uncaughtException', 'unhandledRejection'] as const).map((event) => {
      const listeners = emitter.listeners(event);
      emitter.removeAllListeners(event);
      return { event, listeners };
    });
    onTestFinished(() => {
      for (const { event, listeners } of others) {
        for (const listener of listeners) emitter.on(event, listener as () => void);
      }
    });
    const heard: unknown[] = [];
    const cancel = processHost.onFault((fault) => heard.push(fault));
    const error = new Error('x');
    process.emit('uncaughtException', error);
    process.emit('unhandledRejection', 'why', Promise.resolve());
    cancel();
    expect(heard).toEqual([
      { kind: 'uncaughtException', error },
      { kind: 'unhandledRejection', error: 'why' },
    ]);
  });

  test.each([
    ['uncaughtException', 'Uncaught Error: x'],
    ['unhandledRejection', 'Unhandled rejection: Error: x'],
  ] as const)('%s is printed with its stack to stderr', (kind, text) => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    const error = new Error('x');
    processHost.printFault({ kind, error });
    const printed = String(write.mock.calls[0]?.[0]);
    expect(printed.startsWith(text)).toBe(true);
    expect(printed).toContain(error.stack);
    expect(printed.endsWith('\n')).toBe(true);
  });

  test('what is no Error is printed, too, also what cannot be made a text of', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    processHost.printFault({ kind: 'uncaughtException', error: 'just text' });
    expect(write).toHaveBeenLastCalledWith('Uncaught just text\n');
    expect(() => processHost.printFault({ kind: 'uncaughtException', error: Object.create(null) })).not.toThrow();
  });
});

describe('messages', () => {
  test.runIf(process.channel !== undefined)('one listener for all who ask, gone with the last', () => {
    const added = counter('message');
    const cancels = [processHost.onMessage(() => {}), processHost.onMessage(() => {})];
    expect(added()).toBe(1);
    for (const cancel of cancels) cancel();
    expect(added()).toBe(0);
  });

  test('without a parent there is nothing to listen to', () => {
    const channel = Object.getOwnPropertyDescriptor(process, 'channel');
    Object.defineProperty(process, 'channel', { value: undefined, configurable: true });
    onTestFinished(() => {
      if (channel === undefined) Reflect.deleteProperty(process, 'channel');
      else Object.defineProperty(process, 'channel', channel);
    });
    const added = counter('message');
    const cancel = processHost.onMessage(() => {});
    expect(added()).toBe(0);
    cancel();
  });
});

describe('time', () => {
  test('it goes on, in milliseconds', async () => {
    const before = processHost.clock.now();
    await within(
      'a timer of 20 ms',
      2_000,
      new Promise<void>((resolve) => void processHost.clock.setTimeout(resolve, 20)),
    );
    expect(processHost.clock.now() - before).toBeGreaterThanOrEqual(19);
    expect(Math.abs(processHost.clock.date().getTime() - Date.now())).toBeLessThan(1_000);
  });

  test('a timer that is cancelled does not fire', async () => {
    let fired = false;
    const cancel = processHost.clock.setTimeout(() => (fired = true), 1);
    cancel();
    cancel();
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect(fired).toBe(false);
  });

  test('a timer keeps the process alive unless it is told not to', () => {
    const timers = (): number => processHost.activeHandles().filter((handle) => handle === 'Timeout').length;
    const before = timers();
    const cancels = [
      processHost.clock.setTimeout(() => {}, 60_000),
      processHost.clock.setTimeout(() => {}, 60_000, { ref: false }),
    ];
    expect(timers()).toBe(before + 1);
    for (const cancel of cancels) cancel();
    expect(timers()).toBe(before);
  });
});

describe('holding', () => {
  test('it is held until the last hold is released, and releasing twice counts once', () => {
    expect(processHost.held).toBe(false);
    const [first, second] = [processHost.hold(), processHost.hold()];
    first();
    first();
    expect(processHost.held).toBe(true);
    second();
    expect(processHost.held).toBe(false);
  });
});

describe('exit', () => {
  test('the exit code is never overwritten with 0, nor by a later one', () => {
    const before = process.exitCode;
    onTestFinished(() => {
      process.exitCode = before;
    });
    const codes = [0, 3, 0, 4].map((code, index) => {
      if (index === 0) process.exitCode = undefined;
      processHost.setExitCode(code);
      return process.exitCode;
    });
    expect(codes).toEqual([0, 3, 3, 3]);
  });

  test('exit ends the process with its code', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
    onTestFinished(() => exit.mockRestore());
    processHost.exit(143);
    expect(exit).toHaveBeenCalledExactlyOnceWith(143);
  });
});

test('the environment is the process’s, as it is now', () => {
  process.env['DRAIN_TEST_ONLY'] = 'x';
  onTestFinished(() => void Reflect.deleteProperty(process.env, 'DRAIN_TEST_ONLY'));
  expect(processHost.env['DRAIN_TEST_ONLY']).toBe('x');
});

test('the facts are those of this process; drainkit’s own listeners are nobody else’s', () => {
  const other = (): void => {};
  process.on('SIGHUP', other);
  onTestFinished(() => void process.off('SIGHUP', other));
  const cancels = [processHost.onSignal('SIGUSR2', () => {}), processHost.onSignal('SIGUSR2', () => {})];
  cancels.push(processHost.onSignal('SIGHUP', () => {}));
  onTestFinished(() => cancels.forEach((cancel) => cancel()));
  const { pid, parentPid, otherListeners } = processHost.facts(['SIGHUP', 'SIGUSR2']);
  expect({ pid, parentPid, otherListeners }).toEqual({
    pid: process.pid,
    parentPid: process.ppid,
    otherListeners: { SIGHUP: 1, SIGUSR2: 0 },
  });
});
