import type { RequestListener, Server, ServerResponse } from 'node:http';
import { eventually, fakeHost, RawClient } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createDrain, type HttpDrain } from '../../src/node/index.ts';
import { http } from './listening.ts';

async function attached(listener: RequestListener): Promise<{ readonly drain: HttpDrain; readonly server: Server }> {
  const drain = createDrain({ host: fakeHost(), logger: false });
  const server = await http(listener);
  drain.attach(server);
  return { drain, server };
}

async function connect(server: Server): Promise<RawClient> {
  const client = await RawClient.connect(server);
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

test('while serving nothing is hung on a request; what is in flight is known all the same', async () => {
  const responses: ServerResponse[] = [];
  const keep: RequestListener = (_request, response) => void responses.push(response);
  const bare = await http(keep);
  const { drain, server } = await attached(keep);
  for (const one of [bare, server]) (await connect(one)).get('/');
  await eventually('both requests to arrive', () => responses.length === 2);
  const [mine, other] = responses.map((response) =>
    response.eventNames().map((name) => [name, response.listenerCount(name)]),
  );
  expect(mine).toEqual(other);
  expect(drain.inFlight).toBe(1);
  for (const response of responses) response.end();
  await eventually('nothing to be in flight', () => drain.inFlight === 0);
});

test('pipelined requests are all in flight', async () => {
  const responses: ServerResponse[] = [];
  const { drain, server } = await attached((_request, response) => void responses.push(response));
  const client = await connect(server);
  client.get('/a').get('/b').get('/c');
  await eventually('three requests to arrive', () => responses.length === 3);
  expect(drain.inFlight).toBe(3);
  responses[0]?.end();
  await client.response();
  await eventually('one to be over', () => drain.inFlight === 2);
  void drain.close();
  for (const response of responses) response.end();
  await client.response();
  expect((await client.response()).headers['connection']).toBe('close');
});

test('a request that came before the drain is tracked from when it came', async () => {
  const host = fakeHost();
  const drain = createDrain({ host, logger: false, window: 0, deadline: 1_000 });
  const server = await http(() => {});
  drain.attach(server);
  const client = await connect(server);
  client.get('/hang');
  await eventually('the request to arrive', () => drain.inFlight === 1);
  await host.advance(700);
  host.signal('SIGTERM');
  await eventually('the listener to be closed', () => !server.listening);
  await host.advance(1_000);
  await host.advance(500);
  const { atDeadline } = await drain.done;
  expect(atDeadline).toEqual([{ name: 'GET /hang', ageMs: 1_700 }]);
});

test('open connections are counted from the accept to the end', async () => {
  const { drain, server } = await attached((_request, response) => void response.end());
  const clients = await Promise.all([connect(server), connect(server)]);
  await eventually('two connections', () => drain.snapshot().openConnections === 2);
  clients[0]?.reset();
  await eventually('one connection', () => drain.snapshot().openConnections < 2);
  expect(drain.snapshot().openConnections).toBe(1);
});
