// Compiled, not run: what a consumer writes, against the types as they are published.
import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:worker_threads';
import { PHASES, type Phase } from '@drainkit/core';
import { createDrain as createNodeDrain } from '@drainkit/core/node';
import { createPrimary, type PrimaryOptions } from '@drainkit/core/processes';
import { meterDrain as meterForOpenTelemetry, traceDrain } from '@drainkit/core/opentelemetry';
import { meterDrain } from '@drainkit/core/prom-client';
import { createDrain, DrainError, formatReport, type DrainOptions, type DrainReport } from '@drainkit/express';
import drainPlugin, { drainPlugin as namedPlugin } from '@drainkit/fastify';
import { fakeHost, RawClient, spawnApp } from '@drainkit/testing';
import express from 'express';
import fastify from 'fastify';
import { Registry } from 'prom-client';

const options: DrainOptions = {
  window: '5s',
  deadline: 10_000,
  signals: { SIGHUP: 'at-once' },
  health: { live: false },
};

export async function expressApp(): Promise<string> {
  const app = express();
  const drain = createDrain(options);
  app.use(drain.middleware());
  const server = drain.attach(app.listen(0));
  drain.resource('server', () => server.close());
  drain.on('phase', ({ phase, inFlight }) => console.log(phase, inFlight.toFixed()));
  const report: DrainReport = await drain.start('deploy');
  return formatReport(report);
}

export async function fastifyApp(): Promise<boolean> {
  const app = fastify();
  await app.register(drainPlugin, options);
  await app.register(namedPlugin);
  app.get('/', (request) => request.drain.signal.aborted);
  meterDrain(app.drain);
  meterDrain(app.drain, new Registry());
  meterForOpenTelemetry(app.drain);
  traceDrain(app.drain);
  await app.drain.track(async () => 'job', 'a job');
  return app.drain.forceSignal.aborted;
}

export async function program(): Promise<Phase | undefined> {
  const host = fakeHost();
  const drain = createNodeDrain({ ...options, host });
  host.signal('SIGTERM');
  await using app = await spawnApp('server.js');
  await using client = await RawClient.connect(app.url);
  const { status } = await client.get('/').response();
  return PHASES.find((phase) => phase === drain.phase && status === 200);
}

const primaryOptions: PrimaryOptions = { workers: 2, stagger: '100ms', reloadSignal: 'SIGUSR2' };

export async function cluster(child: ChildProcess, worker: Worker): Promise<void> {
  const primary = createPrimary(primaryOptions);
  primary.drain.child(child, { name: 'encoder', signal: 'SIGINT', timeout: '2s', phase: 'announcing' });
  primary.drain.thread(worker, { message: 'finish' });
  primary.on((event) => console.log(event.type === 'exit' ? event.code : event.type));
  await primary.start();
  await primary.reload();
}

export function isInvalid(error: unknown): boolean {
  return error instanceof DrainError && error.code === 'DRAIN_OPTIONS_INVALID';
}

// @ts-expect-error an option that there is none of
createDrain({ windw: 5 });
// @ts-expect-error a duration without a known unit
createDrain({ window: '5 parsecs' });
// @ts-expect-error not a phase
export const phase: Phase = 'sleeping';
