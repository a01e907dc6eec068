import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '@drainkit/testing';
import { Agent, Pool, type Dispatcher } from 'undici';
import { onTestFinished } from 'vitest';
import { startWrk } from './wrk.ts';

/** What a client saw of a whole drain. */
export interface ClientOutcome {
  readonly requests: number;
  readonly failures: readonly string[];
}

/** Starts a client; what it returns stops it. */
export type StartClient = (origin: string) => () => Promise<ClientOutcome>;

const PATH = '/work?ms=20';

/** How many requests a client of ours has under way, and its longest gap between two, in milliseconds. */
const AT_A_TIME = 8;
const LONGEST_GAP = 50;

/** Asks again and again; `ask` answers with the status. */
function looping(ask: (method: 'GET' | 'POST') => Promise<number>): () => Promise<ClientOutcome> {
  const outcome = { requests: 0, failures: [] as string[] };
  const stop = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const method = Math.random() < 0.5 ? 'GET' : 'POST';
      outcome.requests += 1;
      const status = await ask(method).catch((error: unknown) => error);
      if (status !== 200) outcome.failures.push(`${method}: ${String((status as Error).cause ?? status)}`);
      await sleep(Math.random() * LONGEST_GAP);
    }
  };
  const loops = Promise.all(Array.from({ length: AT_A_TIME }, loop));
  return async () => {
    stop.abort();
    await within('the client to stop', 5_000, loops);
    return outcome;
  };
}

const bodyOf = (method: string): string | null => (method === 'POST' ? 'x'.repeat(1_000) : null);

const dispatching =
  (create: (origin: string) => Dispatcher): StartClient =>
  (origin) => {
    const dispatcher = create(origin);
    onTestFinished(() => dispatcher.destroy());
    return looping(async (method) => {
      const { statusCode, body } = await dispatcher.request({ origin, path: PATH, method, body: bodyOf(method) });
      await body.dump();
      return statusCode;
    });
  };

export const undiciAgent: StartClient = dispatching(() => new Agent());
export const undiciPool: StartClient = dispatching((origin) => new Pool(origin, { connections: 4 }));
/** How many connections undici's HTTP/2 pool has. */
const HTTP2_CONNECTIONS = 2;

/**
 * At a GOAWAY undici (7.30) gives up the request that a connection is running, below the stream id that the frame names or
 * not. One for each connection is its own doing.
 */
export const undiciHttp2: StartClient = (origin) => {
  const options = { connections: HTTP2_CONNECTIONS, allowH2: true, connect: { rejectUnauthorized: false } };
  const stop = dispatching(() => new Pool(origin, options))(origin);
  return async () => {
    const { requests, failures } = await stop();
    const others = failures.filter((failure) => !failure.includes('"GOAWAY" frame received with code 0'));
    return { requests, failures: failures.length - others.length <= HTTP2_CONNECTIONS ? others : failures };
  };
};

export const nodeFetch: StartClient = (origin) =>
  looping(async (method) => {
    const response = await fetch(`${origin}${PATH}`, { method, body: bodyOf(method) });
    await response.text();
    return response.status;
  });

export const nodeAgent: StartClient = (origin) => {
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 4 });
  onTestFinished(() => agent.destroy());
  return looping(async (method) => {
    const asked = httpRequest(`${origin}${PATH}`, { agent, method });
    asked.end(bodyOf(method) ?? undefined);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    await text(response);
    return response.statusCode ?? 0;
  });
};

export const wrk: StartClient = (origin) => {
  const load = startWrk(`${origin}${PATH}`, AT_A_TIME);
  return async () => {
    const { requests, socketErrors, non200 } = await load.stop();
    const failures = socketErrors + non200 > 0 ? [`socket errors ${socketErrors}, non-200 ${non200}`] : [];
    return { requests, failures };
  };
};

/** Runs a program that ends by itself; `read` makes sense of what it has printed. */
function running(
  program: string,
  args: readonly string[],
  read: (printed: string) => ClientOutcome,
): () => Promise<ClientOutcome> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  onTestFinished(() => {
    kill();
    process.off('exit', kill);
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return async () => {
    const [printed, complaints, [code]] = await within(`${program} to end`, 15_000, ended);
    const { requests, failures } = read(printed);
    const ending = code === 0 ? [] : [`${program} ended with ${String(code)}: ${complaints}`];
    return { requests, failures: [...failures, ...ending] };
  };
}

/** Many requests on one connection, one after the other, for as long as the server leaves it open. */
export const curl =
  (requests: number, ...options: string[]): StartClient =>
  (origin) => {
    const url = `${origin}${PATH}&n=[1-${requests}]`;
    return running('curl', ['-sSk', '-o', '/dev/null', '-w', '%{http_code}\n', ...options, url], (printed) => {
      const statuses = printed.trim().split('\n');
      return { requests: statuses.length, failures: statuses.filter((status) => status !== '200') };
    });
  };

/** It ends a connection of HTTP/2 at any GOAWAY, and does not begin what it had left to do there: that has not failed. */
export const h2load =
  (requests: number, ...options: string[]): StartClient =>
  (origin) =>
    running('h2load', ['-n', String(requests), '-c', '4', ...options, `${origin}${PATH}`], (printed) => {
      const line = /requests: .*/.exec(printed)?.[0] ?? printed;
      const [started, succeeded] = ['started', 'succeeded'].map((what) => new RegExp(`(\\d+) ${what}`).exec(line)?.[1]);
      const answered = /status codes: (\d+) 2xx/.exec(printed)?.[1];
      const isWhole = started === succeeded && answered === succeeded;
      return { requests: Number(answered), failures: isWhole ? [] : [line] };
    });

/** Streams that are all in flight from before the signal until after the window. */
export const nghttp =
  (streams: number, ms: number): StartClient =>
  (origin) => {
    const url = `${origin}/work?ms=${ms}`;
    return running('nghttp', ['-ns', '--no-verify-peer', '-m', String(streams), url], (printed) => {
      const codes = [...printed.matchAll(/^ *\d+ .*? (\d{3}) +\d+ +\/work/gm)].map(([, code]) => code);
      const failures = codes.filter((code) => code !== '200').map(String);
      return { requests: codes.length, failures: codes.length === streams ? failures : [...failures, printed] };
    });
  };
