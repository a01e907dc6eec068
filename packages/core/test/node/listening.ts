import { createServer, type RequestListener, type Server } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** An HTTP server on a free port, which is gone with its connections when the test is over. */
export function http(listener: RequestListener): Promise<Server> {
  return listening(createServer(listener));
}

export async function listening<AnyServer extends NetServer>(server: AnyServer): Promise<AnyServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => void server.close(resolve));
  });
  return server;
}
