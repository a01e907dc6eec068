import { constants } from 'node:os';
import type { Cancel, Fault, Host, ProcessFacts } from '@drainkit/core';
import { FakeClock } from './fake-clock.ts';
import { ListenerSet } from './listener-set.ts';
import { within } from './eventually.ts';

export interface FakeHostOptions {
  /** The environment variables the drain sees; those of the real process stay out. @default {} */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A host whose time, signals and exit are in the hands of a test. Nothing reaches the real process. */
export function fakeHost(options?: FakeHostOptions): FakeHost {
  return new FakeHost(options);
}

/** See {@link fakeHost}. */
export class FakeHost implements Host {
  readonly clock: FakeClock = new FakeClock();
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What {@link activeHandles} answers; a test may change it. */
  handles: string[] = [];
  /** What {@link facts} answers; a test may change it. */
  processFacts: ProcessFacts = { pid: 4242, parentPid: 4241, hasTerminal: false, otherListeners: {} };
  /** What {@link write} was called with, in order. */
  readonly written: { readonly target: string; readonly line: string }[] = [];

  readonly #signals = new Map<string, ListenerSet<number>>();
  readonly #faults = new ListenerSet<Fault>();
  readonly #messages = new ListenerSet<unknown>();
  readonly #printedFaults: Fault[] = [];
  #exit: (code: number) => void = () => {};
  readonly #whenExited = new Promise<number>((resolve) => {
    this.#exit = resolve;
  });
  #holds = 0;
  #exitCode: number | undefined;
  #exited: number | undefined;

  constructor(options: FakeHostOptions = {}) {
    this.env = { ...options.env };
  }

  /** Moves the clock; see {@link FakeClock.advance}. `advance(0)` lets things settle. */
  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /**
   * Delivers a signal. Returns whether anybody listened; a real process would have ended if not.
   *
   * @throws {TypeError} for a name that is no signal of this platform.
   */
  signal(name: string): boolean {
    const number = (constants.signals as Readonly<Record<string, number>>)[name];
    if (number === undefined) throw new TypeError(`'${name}' is no signal; SIGTERM and SIGINT are`);
    return this.#signals.get(name)?.deliver(number) ?? false;
  }

  /** Reports an error that nobody caught. Returns whether anybody listened; a real process would have ended if not. */
  fault(error: unknown, kind: Fault['kind'] = 'uncaughtException'): boolean {
    return this.#faults.deliver({ kind, error });
  }

  /** Delivers a message of the parent process, such as pm2's `'shutdown'`. Returns whether anybody listened. */
  message(message: unknown): boolean {
    return this.#messages.deliver(message);
  }

  /** How many listen for `signal`; without one, how many listen for anything: signals, faults, messages. */
  listenerCount(signal?: string): number {
    if (signal !== undefined) return this.#signals.get(signal)?.size ?? 0;
    let count = this.#faults.size + this.#messages.size;
    for (const listeners of this.#signals.values()) count += listeners.size;
    return count;
  }

  /** The code with which the process would end by itself, if one was set. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** The code of the first call of {@link exit}; a real process does not live to see a second. */
  get exited(): number | undefined {
    return this.#exited;
  }

  /**
   * Waits for {@link exit} and resolves to its code.
   *
   * @param timeout How long to wait, in milliseconds of real time.
   * @throws {TimedOutError} when time is up.
   */
  whenExited(timeout = 5000): Promise<number> {
    return within('the host to exit', timeout, this.#whenExited);
  }

  /** What {@link printFault} was called with, in order. */
  get printedFaults(): readonly Fault[] {
    return this.#printedFaults;
  }

  get held(): boolean {
    return this.#holds > 0;
  }

  onSignal(signal: string, listener: (number: number) => void): Cancel {
    let listeners = this.#signals.get(signal);
    if (listeners === undefined) this.#signals.set(signal, (listeners = new ListenerSet()));
    return listeners.add(listener);
  }

  onFault(listener: (fault: Fault) => void): Cancel {
    return this.#faults.add(listener);
  }

  onMessage(listener: (message: unknown) => void): Cancel {
    return this.#messages.add(listener);
  }

  printFault(fault: Fault): void {
    this.#printedFaults.push(fault);
  }

  hold(): Cancel {
    let holding = true;
    this.#holds += 1;
    return () => {
      if (holding) this.#holds -= 1;
      holding = false;
    };
  }

  setExitCode(code: number): void {
    if (code !== 0 || this.#exitCode === undefined) this.#exitCode = code;
  }

  exit(code: number = this.#exitCode ?? 0): void {
    this.#exited ??= code;
    this.#exit(this.#exited);
  }

  activeHandles(): readonly string[] {
    return [...this.handles];
  }

  facts(): ProcessFacts {
    return this.processFacts;
  }

  write(target: string, line: string): void {
    this.written.push({ target, line });
  }
}
