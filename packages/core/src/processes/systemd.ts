import { spawn } from 'node:child_process';
import type { ProcessDrain } from './process-drain.ts';

export interface SystemdOptions {
  /**
   * Sends lines such as `READY=1` to systemd: with a package such as `unix-dgram`, say.
   *
   * @default systemd's own `systemd-notify`, for which the unit needs `NotifyAccess=all`
   */
  readonly send?: (lines: readonly string[]) => unknown;
  /** What has to happen before systemd is told READY. Where it rejects, that is an unhandled rejection: a fault. @default drain.started */
  readonly ready?: PromiseLike<unknown>;
}

/**
 * Tells systemd how things stand, where it asks to be told (`Type=notify`): READY once the process has started, and as soon
 * as it drains STOPPING, together with the time it may take (EXTEND_TIMEOUT_USEC: where `TimeoutStopSec` is longer, that
 * holds). Does nothing where systemd has not started the process. What goes wrong in sending is a warning of the process,
 * and stops nothing. A start that fails is a fault, which drains the process and ends it with code 1.
 *
 * @returns whether systemd asks to be told.
 */
export function notifySystemd(drain: ProcessDrain, options: SystemdOptions = {}): boolean {
  const { send = runSystemdNotify, ready = drain.started } = options;
  if (process.env['NOTIFY_SOCKET'] === undefined) return false;
  const tell = async (...lines: string[]): Promise<void> => {
    try {
      await send(lines);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  };
  const onReady = (): void => {
    if (drain.phase === 'serving') void tell('READY=1', 'STATUS=serving');
  };
  void Promise.resolve(ready).then(onReady);
  drain.on('trigger', ({ trigger }) => {
    if (!trigger.exits) return;
    const { gracePeriod } = drain.plan;
    void tell('STOPPING=1', `EXTEND_TIMEOUT_USEC=${gracePeriod * 1_000}`, `STATUS=draining: ${trigger.reason}`);
  });
  return true;
}

/** Node has no datagram sockets of the file system. The tool goes on by itself should this process end first. */
function runSystemdNotify(lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', lines, { stdio: 'ignore' });
    child.unref();
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify ended with code ${code}; the unit may lack NotifyAccess=all`));
    });
  });
}
