import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { isatty } from 'node:tty';
import { deferred } from '../deferred.ts';
import type { Drain } from '../drain.ts';
import { DrainError } from '../drain-error.ts';
import { show } from '../plan/drain-plan.ts';
import { parseDuration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';
import { drainCompanion, type CompanionOptions } from './companion.ts';

export interface ChildOptions extends CompanionOptions {
  /** What it is sent. @default 'SIGTERM' */
  readonly signal?: NodeJS.Signals;
}

/**
 * Has a drain end a child process: with a signal, and with SIGKILL where that is not enough. One that leads a process group
 * of its own (`detached: true`) is sent both together with its group, its own children included.
 *
 * After Ctrl+C at a terminal a child in our own process group has had the signal already. A second would make many
 * programs end on the spot; it comes only where half of the time is up.
 *
 * @throws DrainError `DRAIN_PROCESS_INVALID`, and what `drain.resource` throws.
 */
export function drainChild(drain: Drain, child: ChildProcess, options: ChildOptions, clock: Clock): void {
  const { signal = 'SIGTERM' } = options;
  if (!isChild(child)) {
    throw new DrainError('DRAIN_PROCESS_INVALID', `child() was given ${show(child)}, not a ChildProcess`);
  }
  if (!Object.hasOwn(constants.signals, signal)) {
    throw new DrainError(
      'DRAIN_PROCESS_INVALID',
      `child() was given the signal ${show(signal)}, which there is none of`,
    );
  }
  const { pid } = child;
  // It could not be started, of which its 'error' event tells, or is over.
  if (pid === undefined || hasEnded(child)) return;
  const name = `${options.name ?? basename(child.spawnfile)} (pid ${pid})`;
  const ended = deferred<DrainError | undefined>();
  let isTold = false;
  let isInterrupted = false;
  const stop = drain.on('trigger', ({ trigger }) => {
    isInterrupted = trigger.kind === 'signal' && trigger.reason === 'SIGINT' && isAtTerminal();
  });
  child.once('exit', (code, endedBy) => {
    stop();
    ended.resolve(isTold ? failureOf(name, code, endedBy, signal) : undefined);
  });
  const tell = (): void => {
    isTold = true;
    if (!isInterrupted || leadsGroup(pid)) return send(child, pid, signal);
    const half = (parseDuration(options.timeout) ?? drain.plan.closeTimeout) / 2;
    void ended.promise.then(clock.setTimeout(() => send(child, pid, signal), half));
  };
  drainCompanion(drain, { name, tell, kill: () => send(child, pid, 'SIGKILL'), ended: ended.promise }, options, clock);
}

function isChild(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kill' in value && 'spawnfile' in value;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Whether somebody at a terminal can have pressed Ctrl+C, which the terminal sends to the whole process group. */
function isAtTerminal(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}

/** Whether it leads a process group of its own. Windows has no such thing. */
function leadsGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

function send(child: ChildProcess, pid: number, signal: NodeJS.Signals): void {
  if (!leadsGroup(pid)) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
}

/** What went wrong, if anything did: to end of the very signal, or with the code that a shell has for it, is to obey. */
function failureOf(
  name: string,
  code: number | null,
  endedBy: NodeJS.Signals | null,
  signal: NodeJS.Signals,
): DrainError | undefined {
  const obeyed = endedBy === signal || endedBy === 'SIGINT' || code === 0 || code === 128 + constants.signals[signal];
  if (obeyed) return undefined;
  return new DrainError('DRAIN_PROCESS_FAILED', `${name} ended with ${endedBy ?? `code ${code}`}`);
}
