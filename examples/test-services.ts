import { connect } from 'node:net';
import { beforeEach } from 'vitest';

/** Where the services are that tests use: what the environment says, or else this machine. */
export const SERVICES = {
  PostgreSQL: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
  Redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  RabbitMQ: process.env['AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672',
  NATS: process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222',
} as const;

/**
 * Skips the tests of a file, each with the reason, where a service does not answer. With DRAINKIT_REQUIRE_SERVICES=1 they run
 * in any case, and fail.
 */
export function needs(...names: readonly (keyof typeof SERVICES)[]): void {
  beforeEach(async ({ skip }) => {
    if (process.env['DRAINKIT_REQUIRE_SERVICES'] === '1') return;
    for (const name of names) skip(!(await answers(SERVICES[name])), `no ${name} at ${new URL(SERVICES[name]).host}`);
  });
}

/** A name for a table, queue or stream that nobody else uses. */
export function ownName(what: string): string {
  return `drainkit_${what}_${process.pid}_${Date.now()}`;
}

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), timeout: 2_000 });
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('timeout', () => resolve(false));
  }).finally(() => socket.destroy());
}
