import { within, type SpawnedApp } from '@drainkit/testing';

/** How a server's process ended, and what it had closed by then. */
export interface Ending {
  /** Its exit code, the signal that ended it, or that it was still running. */
  readonly exit: string;
  /** Milliseconds from the first signal to the exit, or to when waiting for it was given up. */
  readonly ms: number;
  /** The names of the resources that had closed, in the order of closing; one that closed twice is there twice. */
  readonly closed: readonly string[];
}

/** Sends SIGTERM; what is to happen meanwhile can, before its ending is asked for. */
export function terminate(app: SpawnedApp): Terminating {
  const began = performance.now();
  app.signal('SIGTERM');
  return {
    async ending(cap: number): Promise<Ending> {
      const left = Math.max(1, cap - (performance.now() - began));
      const exit = await within('the server to exit', left, app.exited).catch(() => undefined);
      const ms = performance.now() - began;
      await app.kill();
      const closed = app.stdout.flatMap((line) => /^closed (\d+)$/.exec(line)?.[1] ?? []);
      return { exit: exit === undefined ? 'still running' : String(exit.signal ?? exit.code), ms, closed };
    },
  };
}

export interface Terminating {
  /** How it ends, at most `cap` milliseconds after the signal; then it is killed. */
  ending(cap: number): Promise<Ending>;
}
