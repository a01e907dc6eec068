// New connections, so many a second if the machine lets it, each with one request: `node new-connections.ts <port> <rate>`.
// It prints `connections running` once the first are answered, begins to count with the message `count`, goes on until the
// server has refused every connection for a while, and ends with `clients ended {…}`.
import { connect } from 'node:net';

export interface NewConnectionFigures {
  /** Connections that were opened a second, while the server accepted any. */
  rate: number;
  answered: number;
  /** Connections that were refused: nothing was sent on them, and any client tries another server. */
  refused: number;
  /** Connections that were established, and ended without an answer. */
  resets: number;
}

/** For how long, in milliseconds, every connection has to have been refused for the server to be gone. */
const GONE_AFTER = 150;

/** How many may be open: more of them only take the CPU from the server. */
const MOST_OPEN = 256;

const REQUEST = 'GET /work HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const [port = 0, rate = 0] = process.argv.slice(2).map(Number);
const figures: NewConnectionFigures = { rate: 0, answered: 0, refused: 0, resets: 0 };
let counting = false;
let countedFrom = 0;
let opened = 0;
let open = 0;
let lastEstablished = Infinity;

// Whatever becomes of the test, this process does not stay.
setTimeout(() => process.exit(1), 30_000).unref();

function visit(): void {
  const counts = counting;
  let isEstablished = false;
  let isAnswered = false;
  open += 1;
  const socket = connect(port, '127.0.0.1', () => {
    isEstablished = true;
    if (counts) opened += 1;
    lastEstablished = performance.now();
    socket.write(REQUEST);
  });
  socket.on('data', () => {
    isAnswered = true;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    open -= 1;
    if (!counts) return;
    if (isAnswered) figures.answered += 1;
    else if (isEstablished) figures.resets += 1;
    else figures.refused += 1;
  });
}

process.once('message', () => {
  counting = true;
  countedFrom = performance.now();
  process.disconnect();
  console.log('counting');
});

const beganAt = performance.now();
let visited = 0;
const pace = setInterval(() => {
  const now = performance.now();
  for (; visited < ((now - beganAt) / 1000) * rate; visited += 1) if (open < MOST_OPEN) visit();
  if (visited > rate / 2 && !counting) console.log('connections running');
  if (!counting || now - lastEstablished < GONE_AFTER) return;
  clearInterval(pace);
  figures.rate = Math.round(opened / ((lastEstablished - countedFrom) / 1000));
}, 1);

process.once('beforeExit', () => {
  console.log(`clients ended ${JSON.stringify(figures)}`);
});
