import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createNetServer } from 'node:net';
import type { Server as NetServer, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

const fixture = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));

export function http(listener: RequestListener): Promise<Server> {
  return listen(createServer(listener));
}

export function https(listener: RequestListener): Promise<Server> {
  return listen(
    createHttpsServer({ cert: fixture('localhost-cert.pem'), key: fixture('localhost-key.pem') }, listener),
  );
}

/** A TCP server that does as it is told with each connection, for what no HTTP server would do. */
export function tcp(onConnection: (socket: Socket) => void): Promise<NetServer> {
  return listen(createNetServer({ allowHalfOpen: true }, onConnection));
}

export async function listen<S extends NetServer>(server: S, path?: string): Promise<S> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  return server;
}
