/**
 * Keep-alive clients, in a process of their own: `node fleet.ts <origin> <clients>`. Each sends GET and POST at random, on
 * one connection of its own for as long as the server leaves it open, with a random gap of up to 400 ms after each answer.
 * A client whose new connection is refused has been told and goes home; one whose request fails goes on.
 *
 * Says `warm` once all have been answered, counts from the message `drain` on, ends at `stop` or with the last client.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetTally } from './fleet-tally.ts';

const [origin = '', clients = '200'] = process.argv.slice(2);
const GAP = 400;
const PATIENCE = 5000;
const BODY = JSON.stringify({ hello: 'server' });

const failed: Record<string, number> = {};
let sent = 0;
let answered = 0;
let refused = 0;
let counting = false;
let stopped = false;

process.on('message', (message) => {
  if (message === 'drain') counting = true;
  if (message === 'stop') stopped = true;
});
// Whatever becomes of the driver, this process does not stay.
setTimeout(() => process.exit(1), 60_000).unref();

const agents = Array.from({ length: Number(clients) }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
await Promise.all(agents.map(async (agent) => ask(agent)));
console.log('warm');
await Promise.all(agents.map(visit));
for (const agent of agents) agent.destroy();
console.log(JSON.stringify({ sent, answered, refused, failed } satisfies FleetTally));
process.disconnect();

async function visit(agent: Agent): Promise<void> {
  let isRefused = false;
  while (!isRefused) {
    await sleep(Math.random() * GAP);
    if (stopped) return;
    const counts = counting;
    const outcome = await ask(agent);
    isRefused = outcome === 'refused';
    if (counts) sent += 1;
    if (isRefused) refused += 1;
    else if (outcome !== '200') failed[outcome] = (failed[outcome] ?? 0) + 1;
    else if (counts) answered += 1;
  }
}

/** The status of the whole response, or in its place the code of the error; `refused` where it could not connect, and so has sent nothing. */
function ask(agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const isPost = Math.random() < 0.5;
    const headers = isPost ? { 'Content-Type': 'application/json', 'Content-Length': BODY.length } : {};
    const asked = request(`${origin}/`, { agent, method: isPost ? 'POST' : 'GET', headers }, (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'cut off'));
      response.on('end', () => resolve(String(response.statusCode)));
      response.resume();
    });
    asked.setTimeout(PATIENCE, () => asked.destroy(Object.assign(new Error('no answer'), { code: 'timeout' })));
    asked.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.syscall === 'connect' ? 'refused' : (error.code ?? error.message));
    });
    asked.end(isPost ? BODY : undefined);
  });
}
