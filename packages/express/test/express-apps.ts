import type { DrainOptions, DrainReport } from '@drainkit/core';
import { createDrain, type ExpressDrain } from '@drainkit/express';
import { eventually, fakeHost, RawClient, within, type FakeHost, type RawTarget } from '@drainkit/testing';
import express from 'express';
import express4 from 'express4';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { describe, onTestFinished } from 'vitest';

/** The default window, in milliseconds. */
export const WINDOW = 5_000;

/** One version of Express. Their types differ in nothing that these tests use. */
export type Express = typeof express;

const VERSIONS = [
  ['Express 5', express],
  ['Express 4', express4 as unknown as Express],
] as const;

/** Declares the same tests for both versions of Express. */
export function forBothVersions(declare: (express: Express) => void): void {
  describe.each(VERSIONS)('%s', (_, version) => {
    declare(version);
  });
}

/** A drain whose host is in the hands of the test. */
export function drainOf(options: DrainOptions = {}): { readonly drain: ExpressDrain; readonly host: FakeHost } {
  const host = fakeHost();
  return { drain: createDrain({ host, logger: false, ...options }), host };
}

/** Listens on a port of 127.0.0.1; the server is gone when the test is over. */
export async function listen(app: Pick<Server, 'listen'> | express.Express): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = await new Promise<Server>((resolve) => {
    const listening: Server = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server;
}

export async function connect(target: RawTarget): Promise<RawClient> {
  const client = await RawClient.connect(target);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

/** Waits until so many requests are in flight. */
export function inFlight(drain: ExpressDrain, count: number): Promise<unknown> {
  return eventually(`${count} requests in flight`, () => drain.inFlight === count);
}

/** Waits until none of the servers listens. */
export function stopped(...servers: readonly Server[]): Promise<unknown> {
  return eventually('the listeners to close', () => !servers.some(({ listening }) => listening));
}

/** The report, within a few seconds of real time. */
export function done(drain: ExpressDrain): Promise<DrainReport> {
  return within(`the drain to end (it is in '${drain.phase}')`, 5_000, drain.done);
}
