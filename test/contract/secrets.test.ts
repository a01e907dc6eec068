import type { Socket } from 'node:net';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { formatReport, type DrainLogger, type DrainOptions } from '@drainkit/core';
import { EVENT_CHANNELS, type DrainMessage } from '@drainkit/core/node';
import { meterDrain } from '@drainkit/core/prom-client';
import { eventually, type RawClient } from '@drainkit/testing';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { ContractServer, DEADLINE, FORCE_GRACE } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

/** What must be seen nowhere. A letter says where it was sent: q(uery), h(eader), b(ody), p(ath parameter), u(ser of a URL). */
const SECRET = 'hunter2';

const secretHeaders = {
  Authorization: `Bearer ${SECRET}-h`,
  Cookie: `session=${SECRET}-h`,
  'X-Api-Key': `${SECRET}-h`,
  Referer: `https://example.com/?token=${SECRET}-h`,
};

/** Everything that a drain says of itself, as text, with all that is in it. */
class Record implements DrainLogger {
  readonly said: string[] = [];

  info(fields: object, message: string): void {
    this.note('log', fields, message);
  }

  warn(fields: object, message: string): void {
    this.note('log', fields, message);
  }

  error(fields: object, message: string): void {
    this.note('log', fields, message);
  }

  note(what: string, ...values: unknown[]): void {
    this.said.push([what, ...values.map((value) => inspect(value, { depth: 20, maxStringLength: null }))].join(' '));
  }

  /** What is published, but for the drain itself, which holds the servers. */
  subscribe(): this {
    const onMessage = (message: unknown): void => this.note('channel', (message as DrainMessage).event);
    for (const name of EVENT_CHANNELS) subscribe(name, onMessage);
    onTestFinished(() => EVENT_CHANNELS.forEach((name) => unsubscribe(name, onMessage)));
    return this;
  }
}

/** One client for each way in which a request can stand in the way of a drain, each of them full of secrets. */
async function besiege(server: ContractServer): Promise<RawClient> {
  const query = `?token=${SECRET}-q`;
  server.server.on('upgrade', (_request: unknown, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n');
  });
  const idle = await server.connect();
  await idle.get(`/${query}`, { headers: secretHeaders }).response();
  await (await server.connect()).get(`/missing${query}`, { headers: secretHeaders }).response();

  (await server.connect()).get(`/hang${query}`, { headers: secretHeaders });
  (await server.connect()).request('POST', `/later${query}`, { headers: secretHeaders, body: `${SECRET}-b` });
  if (server.kind.hasPatterns) (await server.connect()).get(`/items/${SECRET}-p${query}`, { headers: secretHeaders });
  (await server.connect()).send(
    `POST /echo${query} HTTP/1.1\r\nHost: x\r\nAuthorization: ${SECRET}-h\r\nContent-Length: 99\r\n\r\n${SECRET}-b`,
  );
  (await server.connect()).send(`GET /half${query} HTTP/1.1\r\nAuthorization: ${SECRET}-h`);
  (await server.connect()).get(`http://user:${SECRET}-u@host/chat${query}`, {
    headers: { ...secretHeaders, Connection: 'Upgrade', Upgrade: 'chat' },
  });
  const inFlight = server.kind.hasPatterns ? 4 : 3;
  await eventually('all to be there', () => server.drain.inFlight >= inFlight);
  return idle;
}

forEachServer((kind) => {
  test.each<DrainOptions>([{ lateRequests: 'serve' }, { lateRequests: 'refuse' }])(
    'nothing that a client sends is seen in logs, events, reports, health answers or metrics: %j',
    async (options) => {
      const record = new Record().subscribe();
      const health = { details: true };
      const server = await ContractServer.start(kind, { ...options, health, logger: record, report: 'stdout' });
      const registry = new Registry();
      meterDrain(server.drain, registry);
      server.drain.onAny((event) => record.note('event', event));
      server.drain.check('db', () => Promise.reject(new Error('connection lost')));

      const late = await besiege(server);
      const probe = (await server.connect()).get(`/ready?token=${SECRET}-q`, { headers: secretHeaders });
      record.note('health', await probe.response());
      await server.drainNow();
      record.note('late', await late.get(`/?token=${SECRET}-q`, { headers: secretHeaders }).response());
      record.note('metrics', await registry.metrics());
      await server.host.advance(DEADLINE);
      await server.host.advance(FORCE_GRACE);
      const report = await server.done();
      record.note('report', report, formatReport(report), server.host.written);
      record.note('metrics', await registry.metrics());

      const all = record.said.join('\n');
      expect(all.split('\n').filter((line) => line.includes(SECRET))).toEqual([]);
      // Were nothing said at all, nothing secret would be either.
      const words = ['GET /hang', 'POST /later', 'GET /chat (upgraded)', 'check db failed', 'drain_phase{'];
      if (kind.hasPatterns) words.push('GET /items/:id');
      expect(words.filter((word) => !all.includes(word))).toEqual([]);
      expect(server.host.written).toHaveLength(1);
      for (const source of ['log', 'event', 'channel', 'health', 'metrics', 'report'])
        expect(record.said.some((text) => text.startsWith(source))).toBe(true);
    },
  );
});
