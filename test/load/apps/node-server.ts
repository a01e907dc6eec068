// A bare node:http server that ends in one of four ways at SIGTERM, as ENDING says: by a drain (DRAIN_WINDOW), by Node's own
// close(), by close() with closeAllConnections(), or by closing nothing but its listener. GET /work?ms=… takes that long.
// SIGUSR2 has it measure for how long its event loop stands still at most, which it prints in the end: `ended {…}`.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { Server, type AddressInfo } from 'node:net';
import { createDrain } from '@drainkit/core/node';
import { StallMeter } from './stall-meter.ts';

export type Ending = 'drain' | 'close' | 'closeAllConnections' | 'listener';

const ending = (process.env['ENDING'] ?? 'drain') as Ending;
const meter = new StallMeter();
process.once('SIGUSR2', () => {
  meter.start();
  setTimeout(() => console.log('measuring'), 20);
});
process.once('exit', () => {
  console.log(`ended ${JSON.stringify(meter.stop())}`);
});

const work: RequestListener = (request, response) => {
  const ms = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('ms') ?? 0);
  if (ms === 0) response.end('done');
  else setTimeout(() => response.end('done'), ms);
};

const server = createServer({ keepAliveTimeout: 72_000 }, work);
if (ending === 'drain') {
  createDrain({ logger: false }).attach(server);
} else {
  process.once('SIGTERM', () => {
    if (ending === 'listener') Server.prototype.close.call(server);
    else server.close();
    if (ending === 'closeAllConnections') server.closeAllConnections();
  });
}

server.listen({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
