import { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';

/**
 * The servers that Fastify opens besides `app.server`: listening on `localhost` binds both 127.0.0.1 and ::1. They close
 * only after the main one has, and accept meanwhile. Fastify keeps them under a symbol that it does not export.
 */
export function secondaryServers(app: FastifyInstance): Server[] {
  const bindings = Object.getOwnPropertySymbols(app)
    .filter(({ description }) => description === 'fastify.serverBindings')
    .map((symbol) => (app as unknown as Record<symbol, unknown>)[symbol]);
  return bindings.flat().filter((server): server is Server => server instanceof Server || server instanceof TlsServer);
}
