// Drains one server after another in this process, a few requests each, and says what is left: for leak.test.ts.
import { once } from 'node:events';
import { hasSubscribers } from 'node:diagnostics_channel';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createDrain } from '@drainkit/core/node';

const [few = 10, many = 100] = process.argv.slice(2).map(Number);

/** What must not grow with the number of drains. */
interface Remains {
  readonly drains: number;
  readonly heapKb: number;
  readonly listeners: number;
  readonly handles: string;
  readonly subscribed: boolean;
}

/** With a window, or without: then it does not wait for young connections, and a thousand do not take minutes. */
async function drainOnce(hasWindow: boolean): Promise<void> {
  const drain = createDrain({ window: hasWindow ? 5 : 0, logger: false, exit: false, env: false });
  const server = drain.attach(createServer((_request, response) => response.end('ok')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  // Not fetch: its pool keeps something of every origin that there ever was.
  const agent = new Agent({ keepAlive: true });
  const ask = async (): Promise<string> => {
    const [response] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage];
    return text(response);
  };
  await Promise.all([ask(), ask()]);
  const draining = drain.start();
  if (hasWindow) await ask();
  const { outcome } = await draining;
  agent.destroy();
  if (outcome !== 'clean') throw new Error(`the drain was ${outcome}`);
}

async function remains(drains: number): Promise<Remains> {
  // What closes takes a few turns, and so does what is finalised.
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return {
    drains,
    heapKb: Math.round(process.memoryUsage().heapUsed / 1024),
    listeners,
    handles: process.getActiveResourcesInfo().toSorted().join(' '),
    subscribed: hasSubscribers('http.server.request.start'),
  };
}

const main = async (): Promise<void> => {
  let drains = 0;
  for (const until of [few, many]) {
    for (; drains < until; drains += 1) await drainOnce(drains % 10 === 0);
    process.stdout.write(`${JSON.stringify(await remains(drains))}\n`);
  }
};

void main();
