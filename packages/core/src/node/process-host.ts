import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { errorText } from '../error-text.ts';
import type { Cancel, Clock, Fault, Host } from '../host.ts';
import { listenInThread } from './thread-channel.ts';
import { writeNow } from './write-now.ts';

const clock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  setTimeout(callback, ms, options) {
    const timer = setTimeout(callback, ms);
    if (options?.ref === false) timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * One process listener for an event, however many drains ask for it; it is there only while somebody asks.
 */
class SharedListener<Args extends readonly unknown[]> {
  readonly #listeners = new Set<{ readonly call: (...args: Args) => void }>();
  readonly #attach: (listener: (...args: Args) => void) => void;
  readonly #detach: (listener: (...args: Args) => void) => void;

  constructor(
    attach: (listener: (...args: Args) => void) => void,
    detach: (listener: (...args: Args) => void) => void,
  ) {
    this.#attach = attach;
    this.#detach = detach;
  }

  add(call: (...args: Args) => void): Cancel {
    const listener = { call };
    if (this.#listeners.size === 0) this.#attach(this.#dispatch);
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#detach(this.#dispatch);
    };
  }

  get isAttached(): boolean {
    return this.#listeners.size > 0;
  }

  readonly #dispatch = (...args: Args): void => {
    for (const { call } of [...this.#listeners]) call(...args);
  };
}

const signals = new Map<string, SharedListener<[NodeJS.Signals, number]>>();

function signalListener(signal: NodeJS.Signals): SharedListener<[NodeJS.Signals, number]> {
  let listener = signals.get(signal);
  if (listener === undefined) {
    listener = new SharedListener(
      (dispatch) => process.on(signal, dispatch),
      (dispatch) => process.off(signal, dispatch),
    );
    signals.set(signal, listener);
  }
  return listener;
}

const uncaught = new SharedListener<[unknown]>(
  (dispatch) => process.on('uncaughtException', dispatch),
  (dispatch) => process.off('uncaughtException', dispatch),
);

const unhandled = new SharedListener<[unknown]>(
  (dispatch) => process.on('unhandledRejection', dispatch),
  (dispatch) => process.off('unhandledRejection', dispatch),
);

/** Node counts who listens to the channel, and keeps the process alive for them; these methods are not documented. */
interface CountedChannel {
  refCounted?(): void;
  unrefCounted?(): void;
}

/**
 * Listening for messages keeps a forked process alive, which is not for us to decide: our listener is taken out of Node's
 * count. `channel.unref()` would decide it against an app that listens itself.
 */
const messages = new SharedListener<[unknown]>(
  (dispatch) => {
    process.on('message', dispatch);
    (process.channel as CountedChannel | undefined)?.unrefCounted?.();
  },
  (dispatch) => {
    (process.channel as CountedChannel | undefined)?.refCounted?.();
    process.off('message', dispatch);
  },
);

const threadMessages = new SharedListener<[unknown]>(
  (dispatch) => {
    stopThreadMessages = listenInThread(dispatch);
  },
  () => stopThreadMessages(),
);
let stopThreadMessages: Cancel = () => {};

/** What Node ends with, whatever code was set, where the entry module waits for something that never comes. */
const UNSETTLED_AWAIT = 13;

/** An app that is told to go while it starts never gets past its `await app.listen()`: that is no failure. */
function forgiveUnsettledAwait(code: number): void {
  if (code === UNSETTLED_AWAIT) process.exitCode = 0;
}

/** What Node says of the handles behind standard output and standard error, which keep no process alive and are named all the same. */
function ownOutputs(): string[] {
  return [process.stdout, process.stderr].flatMap((stream) => {
    const { _handle: handle } = stream as { readonly _handle?: { hasRef?(): boolean } | null };
    return handle?.hasRef?.() === true ? [`${handle.constructor.name}Wrap`] : [];
  });
}

let holds = 0;

/** The real process. The only file of drainkit that touches it. */
export const processHost: Host = {
  clock,
  get env() {
    return process.env;
  },
  onSignal: (signal, listener) => signalListener(signal as NodeJS.Signals).add((_, number) => listener(number)),
  onFault(listener) {
    const cancels = [
      uncaught.add((error) => listener({ kind: 'uncaughtException', error })),
      unhandled.add((error) => listener({ kind: 'unhandledRejection', error })),
    ];
    return () => cancels.forEach((cancel) => cancel());
  },
  onMessage(listener) {
    if (!isMainThread) return threadMessages.add(listener);
    return process.channel === undefined || process.channel === null ? () => {} : messages.add(listener);
  },
  printFault({ kind, error }: Fault) {
    const text = error instanceof Error ? (error.stack ?? error.message) : errorText(error);
    process.stderr.write(`${kind === 'uncaughtException' ? 'Uncaught' : 'Unhandled rejection:'} ${text}\n`);
  },
  hold() {
    holds += 1;
    let released = false;
    return () => {
      if (!released) holds -= 1;
      released = true;
    };
  },
  get held() {
    return holds > 0;
  },
  setExitCode(code) {
    if (process.exitCode === undefined || process.exitCode === 0) process.exitCode = code;
    if (!process.listeners('exit').includes(forgiveUnsettledAwait)) process.once('exit', forgiveUnsettledAwait);
  },
  exit(code) {
    // `process.exit(undefined)` would forget the code that was set.
    if (code === undefined) process.exit();
    process.exit(code);
  },
  activeHandles() {
    const own = ownOutputs();
    return process.getActiveResourcesInfo().filter((handle) => {
      const index = own.indexOf(handle);
      if (index !== -1) own.splice(index, 1);
      return index === -1;
    });
  },
  facts(names) {
    const others = (name: string): number => process.listenerCount(name) - (signals.get(name)?.isAttached ? 1 : 0);
    return {
      pid: process.pid,
      parentPid: process.ppid,
      hasTerminal: isatty(0),
      otherListeners: Object.fromEntries(names.map((name) => [name, others(name)])),
    };
  },
  write: writeNow,
};
