import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { within } from '@drainkit/testing';
import { onTestFinished } from 'vitest';

export interface WrkFigures {
  readonly requests: number;
  /** Connections that were refused, reset, or ended in the middle of an answer, and answers that took too long. */
  readonly socketErrors: number;
  readonly non200: number;
}

/** Runs wrk until it is stopped. It keeps every connection busy, and reports what it saw when it ends. */
export function startWrk(url: string, connections: number): { stop(): Promise<WrkFigures> } {
  const args = ['-t', '1', '-c', String(connections), '-d', '600s', '--timeout', '20s', url];
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  onTestFinished(() => {
    kill();
    process.off('exit', kill);
  });
  const ended = Promise.race([
    text(child.stdout),
    once(child, 'error').then(([error]) => Promise.reject(error as Error)),
  ]);
  return {
    async stop() {
      child.kill('SIGINT');
      return parse(await within('wrk to end', 5_000, ended));
    },
  };
}

function parse(printed: string): WrkFigures {
  const requests = /(\d+) requests in/.exec(printed)?.[1];
  if (requests === undefined) throw new Error(`wrk did not say how many requests it sent:\n${printed}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(printed)?.slice(1) ?? [];
  return {
    requests: Number(requests),
    socketErrors: errors.reduce((sum, count) => sum + Number(count), 0),
    non200: Number(/Non-2xx or 3xx responses: (\d+)/.exec(printed)?.[1] ?? 0),
  };
}
