// Many keep-alive connections that have each had a few answers and then wait: `node idle-clients.ts <port> <connections>`.
// It prints `connections open` once they wait, and `clients ended {…}` when all have ended.
import { connect, type Socket } from 'node:net';

export interface IdleClientFigures {
  /** Connections that the server ended with FIN. */
  fins: number;
  resets: number;
}

/** How many ask at a time: the server's backlog is not what is tested. */
const AT_A_TIME = 200;

/**
 * How often each asks. What a connection has allocated moves house in the next two garbage collections: in a server that has
 * served for a while, they are over long before a drain.
 */
const ROUNDS = 3;

const [port = 0, connections = 0] = process.argv.slice(2).map(Number);
const figures: IdleClientFigures = { fins: 0, resets: 0 };

// Whatever becomes of the test, this process does not stay.
setTimeout(() => process.exit(1), 60_000).unref();

function endOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('end', () => {
      figures.fins += 1;
      resolve();
    });
    socket.once('error', () => {
      figures.resets += 1;
      resolve();
    });
  });
}

async function ask(socket: Socket): Promise<void> {
  socket.write('GET /work HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
}

/** Calls `act` for each number below `count`, {@link AT_A_TIME} at a time. */
async function each(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await act(index);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

const sockets: Socket[] = [];
const ends: Promise<void>[] = [];
await each(connections, async () => {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  ends.push(endOf(socket));
  await ask(socket);
});
await each(connections * (ROUNDS - 1), async (index) => ask(sockets[index % connections] as Socket));
console.log('connections open');
await Promise.all(ends);
console.log(`clients ended ${JSON.stringify(figures)}`);
