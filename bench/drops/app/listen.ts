import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free port of the loopback and says which. */
export function listen(server: Server, onListening: () => void = () => {}): Server {
  return server.listen(0, '127.0.0.1', () => {
    onListening();
    console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}
