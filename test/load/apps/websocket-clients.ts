// Many WebSockets: `node websocket-clients.ts <port> <count>`. It prints `connections open` once all are open, and
// `clients ended {…}` when all have been closed.
import { WebSocket } from 'ws';

export interface WebSocketFigures {
  /** How many were closed with which code. */
  readonly codes: Readonly<Record<number, number>>;
}

/** How many connect at a time. */
const AT_A_TIME = 100;

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const codes: Record<number, number> = {};
const closes: Promise<void>[] = [];
let left = count;

// Whatever becomes of the test, this process does not stay.
setTimeout(() => process.exit(1), 60_000).unref();

async function openSome(): Promise<void> {
  while ((left -= 1) >= 0) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    closes.push(
      new Promise((resolve) => {
        socket.once('close', (code) => {
          codes[code] = (codes[code] ?? 0) + 1;
          resolve();
        });
      }),
    );
    await new Promise((resolve) => socket.once('open', resolve));
  }
}

await Promise.all(Array.from({ length: AT_A_TIME }, openSome));
console.log('connections open');
await Promise.all(closes);
console.log(`clients ended ${JSON.stringify({ codes } satisfies WebSocketFigures)}`);
