import { Server as HttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import { Server as HttpsServer } from 'node:https';
import { Server } from 'node:net';

/** Whether it is a server of node:http or node:https. */
export function isHttpServer(server: unknown): boolean {
  return server instanceof HttpServer || server instanceof HttpsServer;
}

/** Whether it is a server of node:http2. Node exports no class of them. */
export function isHttp2Server(server: unknown): server is Http2Server {
  return server instanceof Server && 'updateSettings' in server;
}
