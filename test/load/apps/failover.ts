// A balancer of TCP connections that knows of no readiness: `node failover.ts <port> <port>`. Each connection goes to the first
// port that does not refuse it, so what a client sees go wrong through it is what a server did.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const backends = process.argv.slice(2).map(Number);

// Whatever becomes of the test, this process does not stay.
setTimeout(() => process.exit(1), 60_000).unref();

function forward(client: Socket, [port = 0, ...others]: readonly number[]): void {
  let isConnected = false;
  const backend = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }, () => {
    isConnected = true;
    client.pipe(backend).pipe(client);
    client.on('close', () => backend.destroy());
  });
  backend.on('error', () => {
    if (!isConnected && others.length > 0) forward(client, others);
    else client.resetAndDestroy();
  });
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  client.on('error', () => {});
  forward(client, backends);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
