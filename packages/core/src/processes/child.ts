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
import { ProcessGroup } from './process-group.ts';

export interface ChildOptions extends CompanionOptions {
  /** What it is sent. @default 'SIGTERM' */
  readonly signal?: NodeJS.Signals;
}

/**
 * Has a drain end a child process: with a signal, and with SIGKILL where that is not enough. One that leads a process group
 * of its own (`detached: true`) is sent both together with its group, its own children included, and has ended when they have.
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
  const group = new ProcessGroup(pid);
  const send = (sent: NodeJS.Signals): void => void (group.exists ? group.send(sent) : child.kill(sent));
  const ended = deferred<DrainError | undefined>();
  let isTold = false;
  let isInterrupted = false;
  const stop = drain.on('trigger', ({ trigger }) => {
    isInterrupted = trigger.kind === 'signal' && trigger.reason === 'SIGINT' && isAtTerminal();
  });
  child.once('exit', (code, endedBy) => {
    stop();
    if (!isTold) return ended.resolve(undefined);
    void group.gone(clock).then(() => ended.resolve(failureOf(name, code, endedBy, signal)));
  });
  const tell = (): void => {
    isTold = true;
    if (!isInterrupted || group.exists) return send(signal);
    const half = (parseDuration(options.timeout) ?? drain.plan.closeTimeout) / 2;
    void ended.promise.then(clock.setTimeout(() => send(signal), half));
  };
  drainCompanion(drain, { name, tell, kill: () => send('SIGKILL'), ended: ended.promise }, options, clock);
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

/** What went wrong, if anything did: to end of the signal, or of Ctrl+C, or with the code that a shell has for either, is to obey. */
function failureOf(
  name: string,
  code: number | null,
  endedBy: NodeJS.Signals | null,
  signal: NodeJS.Signals,
): DrainError | undefined {
  const isObeyed = (sent: NodeJS.Signals): boolean => endedBy === sent || code === 128 + constants.signals[sent];
  if (code === 0 || isObeyed(signal) || isObeyed('SIGINT')) return undefined;
  return new DrainError('DRAIN_PROCESS_FAILED', `${name} ended with ${endedBy ?? `code ${code}`}`);
}
