import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { DrainOptions } from '@drainkit/core';
import { createDrain } from '@drainkit/core/node';
import { createDrain as createExpressDrain } from '@drainkit/express';
import { drainPlugin } from '@drainkit/fastify';
import express from 'express';
import express4 from 'express4';
import { fastify, type FastifyInstance } from 'fastify';
import { describe } from 'vitest';
import type { Built, ServerKind } from './contract-server.ts';
import type { RouteAnswer, TestRoutes } from './test-routes.ts';

const fixtures = new URL('../../packages/testing/test/fixtures/', import.meta.url);

/** A self-signed certificate for localhost. */
export const certificate = {
  key: readFileSync(new URL('localhost-key.pem', fixtures)),
  cert: readFileSync(new URL('localhost-cert.pem', fixtures)),
};

/** Every way of serving HTTP that drainkit supports. */
export const SERVER_KINDS: readonly ServerKind[] = [
  {
    name: 'node:http',
    tls: false,
    hasPatterns: false,
    countsHandlers: false,
    build: async (options, routes) => buildNode((listener) => createServer(listener), options, routes),
  },
  {
    name: 'node:https',
    tls: true,
    hasPatterns: false,
    countsHandlers: false,
    build: async (options, routes) => buildNode((listener) => createTlsServer(certificate, listener), options, routes),
  },
  {
    name: 'Fastify 5',
    tls: false,
    hasPatterns: true,
    countsHandlers: true,
    build: (options, routes) => buildFastify(fastify(), options, routes),
  },
  {
    name: 'Fastify 5 over https',
    tls: true,
    hasPatterns: true,
    countsHandlers: true,
    build: (options, routes) => buildFastify(fastify({ https: certificate }), options, routes),
  },
  {
    name: 'Express 5',
    tls: false,
    hasPatterns: true,
    countsHandlers: false,
    build: async (options, routes) => buildExpress(express(), options, routes),
  },
  {
    name: 'Express 4',
    tls: false,
    hasPatterns: true,
    countsHandlers: false,
    build: async (options, routes) => buildExpress(express4() as unknown as express.Express, options, routes),
  },
];

/** Declares the same tests for every kind of server. */
export function forEachServer(declare: (kind: ServerKind) => void): void {
  describe.each(SERVER_KINDS.map((kind) => [kind.name, kind] as const))('%s', (_, kind) => {
    declare(kind);
  });
}

function buildNode(create: (listener: RequestListener) => Server, options: DrainOptions, { list }: TestRoutes): Built {
  const drain = createDrain(options);
  const server = create((request, response) => {
    const path = request.url?.replace(/^\/items\/\w+/, '/items/:id').replace(/\?.*/, '');
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = list.find((candidate) => candidate.path === path && candidate.method === method);
    if (route === undefined) return void response.writeHead(404).end();
    void route
      .run({ signals: drain.request(request), body: () => text(request) })
      .then((answer) => send(response, answer), ignoreAborted);
  });
  return { drain: drain, server: drain.attach(server), listen: () => listen(server) };
}

async function buildFastify(app: FastifyInstance, options: DrainOptions, { list }: TestRoutes): Promise<Built> {
  await app.register(drainPlugin, options);
  // Bodies of a type that Fastify does not know are left to the handler.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  for (const { method, path, run } of list) {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const body = async (): Promise<string> => (typeof request.body === 'string' ? request.body : text(request.raw));
        const answer = await run({ signals: request.drain, body });
        return reply.code(answer.status).type('text/plain').send(answer.body);
      },
    });
  }
  await app.ready();
  return { drain: app.drain, server: app.server, listen: () => app.listen({ port: 0, host: '127.0.0.1' }) };
}

function buildExpress(app: express.Express, options: DrainOptions, { list }: TestRoutes): Built {
  const drain = createExpressDrain(options);
  app.use(drain.middleware());
  for (const { method, path, run } of list) {
    app[method === 'GET' ? 'get' : 'post'](path, (request, response) => {
      void run({ signals: drain.request(request), body: () => text(request) }).then(
        (answer) => send(response, answer),
        ignoreAborted,
      );
    });
  }
  const server = createServer(app);
  return { drain, server: drain.attach(server), listen: () => listen(server) };
}

function send(response: ServerResponse, { status, body }: RouteAnswer): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  if (typeof body === 'string') response.end(body);
  else pipe(body, response);
}

function pipe(body: Readable, response: ServerResponse): void {
  response.on('close', () => body.destroy());
  body.on('error', () => {});
  body.pipe(response);
}

/** The body of a request that was cut off cannot be read. */
function ignoreAborted(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ECONNRESET') throw error;
}

export function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}
