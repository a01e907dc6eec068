// Keep-alive clients in a process of their own, so that they and the server do not share an event loop.
// Its argument is a ClientPlan as JSON. It prints `clients running` once each has had a first answer, and ends with a
// line `clients ended {…}`: when every client was refused, when it is sent `stop`, or when its time is up.
import { Agent, request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ClientPlan {
  readonly url: string;
  readonly clients: number;
  /** The longest time between two requests of a client, in milliseconds; the time is random. */
  readonly gapMs: number;
  /** The longest time that the server is to take for an answer, in milliseconds; random for half of the requests, else 0. */
  readonly slowMs: number;
  /** Whether a client that is refused a new connection stops, and has not failed. */
  readonly endsWhenRefused: boolean;
  /** How long it may take in all, in milliseconds. */
  readonly lifetimeMs: number;
}

export interface ClientFigures {
  requests: number;
  /**
   * Clients that were refused a new connection, and so have sent nothing. The kernel refuses with a reset where the connection
   * waited to be accepted as the listener closed.
   */
  refused: number;
  /** Requests that were sent, and got no answer because their connection ended. */
  resets: number;
  /** Of these, those that were sent on a connection that had been used before. */
  resetsOnReused: number;
  non200: number;
  /** Any other error. */
  errors: number;
  /** The first few failures, for people. */
  readonly failures: string[];
}

const plan = JSON.parse(process.argv[2] ?? '{}') as ClientPlan;
const figures: ClientFigures = {
  requests: 0,
  refused: 0,
  resets: 0,
  resetsOnReused: 0,
  non200: 0,
  errors: 0,
  failures: [],
};
const began = performance.now();
let answered = 0;
const stop = new AbortController();

process.on('message', (message) => {
  if (message === 'stop') stop.abort();
});

function fail(what: string): void {
  if (figures.failures.length < 10) figures.failures.push(`${Math.round(performance.now() - began)} ms: ${what}`);
}

/** Sends one request; answers whether the client goes on. */
function send(agent: Agent): Promise<boolean> {
  const isPost = Math.random() < 0.5;
  const ms = Math.random() < 0.5 ? Math.round(Math.random() * plan.slowMs) : 0;
  return new Promise((resolve) => {
    const sent: ClientRequest = request(`${plan.url}/work?ms=${ms}`, {
      agent,
      method: isPost ? 'POST' : 'GET',
      headers: isPost ? { 'content-type': 'text/plain' } : {},
    });
    let done = false;
    const onError = (error: NodeJS.ErrnoException): void => {
      if (done) return;
      done = true;
      if (error.syscall === 'connect' && plan.endsWhenRefused) {
        figures.refused += 1;
        return resolve(false);
      }
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
        figures.resets += 1;
        if (sent.reusedSocket) figures.resetsOnReused += 1;
      } else {
        figures.errors += 1;
      }
      fail(`${sent.method} ${sent.path}: ${error.code} ${error.message}, reused: ${sent.reusedSocket}`);
      resolve(true);
    };
    sent.on('error', onError);
    sent.on('response', (response) => {
      response.on('error', onError);
      response.resume();
      response.on('end', () => {
        if (done) return;
        done = true;
        if (response.statusCode !== 200) {
          figures.non200 += 1;
          fail(`${sent.method} ${sent.path}: ${response.statusCode}`);
        }
        resolve(true);
      });
    });
    sent.end(isPost ? 'x'.repeat(1000) : undefined);
    figures.requests += 1;
  });
}

async function runClient(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // Not all at once: the server's backlog is not what is tested.
  await sleep(Math.random() * plan.gapMs);
  for (let first = true; !stop.signal.aborted && performance.now() - began < plan.lifetimeMs; first = false) {
    const goesOn = await send(agent);
    if (first && (answered += 1) === plan.clients) console.log('clients running');
    if (!goesOn) break;
    await sleep(Math.random() * plan.gapMs);
  }
  agent.destroy();
}

await Promise.all(Array.from({ length: plan.clients }, runClient));
console.log(`clients ended ${JSON.stringify(figures)}`);
process.disconnect();
