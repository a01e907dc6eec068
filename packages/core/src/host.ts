/** Cancels what it was returned for: a timer, a listener. Calling it again does nothing. */
export type Cancel = () => void;

/** Time, as the drain sees it. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary moment. */
  now(): number;
  /** The wall-clock time, for reports only. */
  date(): Date;
  /**
   * Runs `callback` once after `ms` milliseconds.
   * A timer keeps the process alive unless `options.ref` is `false`.
   */
  setTimeout(callback: () => void, ms: number, options?: { readonly ref?: boolean }): Cancel;
}

/** An error that nobody caught. */
export interface Fault {
  readonly kind: 'uncaughtException' | 'unhandledRejection';
  readonly error: unknown;
}

/** What can be known of the process, for the doctor. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parentPid: number;
  /** Whether stdin is a terminal. */
  readonly hasTerminal: boolean;
  /** How many listeners besides drainkit's own each signal has. */
  readonly otherListeners: Readonly<Record<string, number>>;
}

/**
 * The only ways from the drain to the outside: time, environment, signals, exit.
 * `processHost` of `@drainkit/core/node` is the real one, `fakeHost` of `@drainkit/testing` the one for tests.
 */
export interface Host {
  readonly clock: Clock;
  /** The environment variables that options are read from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls `listener` with the signal's number each time `signal` arrives. */
  onSignal(signal: string, listener: (number: number) => void): Cancel;
  /** Calls `listener` for each error that nobody caught; while a listener is there, such an error does not end the process. */
  onFault(listener: (fault: Fault) => void): Cancel;
  /** Calls `listener` with each message from the parent process (pm2 sends `'shutdown'`), or from the thread that drains this one. */
  onMessage(listener: (message: unknown) => void): Cancel;
  /** Says what a fault was, as the runtime itself would have; used where no logger is there to say it. */
  printFault(fault: Fault): void;
  /** Marks a drain as under way, so that another drain of this process does not exit under it. */
  hold(): Cancel;
  /** Whether a drain of this process is under way. */
  readonly held: boolean;
  /** Sets the code with which the process ends by itself. A code other than 0 is never overwritten with 0. */
  setExitCode(code: number): void;
  /** Ends the process now, with `code`, or where it is omitted with the code that was set. */
  exit(code?: number): void;
  /** What keeps the process alive at this moment, by kind: `'TCPSocketWrap'`, `'Timeout'`, … */
  activeHandles(): readonly string[];
  /** What can be known of the process. @param signals - those that begin a drain. */
  facts(signals: readonly string[]): ProcessFacts;
  /** Writes a line to `'stdout'`, or appends it to a file, before it returns: the process may end next. Throws what comes of that. */
  write(target: string, line: string): void;
}
