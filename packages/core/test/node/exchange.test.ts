import { FakeClock, RawClient } from '@drainkit/testing';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { DrainError } from '../../src/drain-error.ts';
import { Connection } from '../../src/node/connection.ts';
import { Exchange } from '../../src/node/exchange.ts';
import { http } from './listening.ts';

/** The `Connection` header of an answer to a request of an HTTP/1.1 client that keeps alive, unless `headers` say otherwise. */
async function connectionHeader(act: (exchange: Exchange) => void, headers?: Record<string, string>) {
  const server = await http((request, response) => {
    act(new Exchange(request, response, new Connection(request.socket, new FakeClock()), 0));
    if (!response.writableEnded) response.end();
  });
  const client = await RawClient.connect(server);
  onTestFinished(() => client[Symbol.asyncDispose]());
  client.get('/', headers === undefined ? {} : { headers });
  return (await client.response()).headers['connection'];
}

const bare = (): Exchange =>
  new Exchange({} as IncomingMessage, { shouldKeepAlive: true } as ServerResponse, {} as Connection, 0);

test('an answer keeps the connection open unless it is told to end it', async () => {
  expect(await connectionHeader(() => {})).toBe('keep-alive');
  expect(await connectionHeader((exchange) => exchange.endConnectionAfter())).toBe('close');
});

test('what was told can be taken back', async () => {
  const tellAndTakeBack = (exchange: Exchange): void => {
    exchange.endConnectionAfter();
    exchange.keepConnectionAfter();
  };
  expect(await connectionHeader(tellAndTakeBack)).toBe('keep-alive');
  expect(await connectionHeader(tellAndTakeBack, { connection: 'close' })).toBe('close');
});

test('once the headers are sent there is nothing to tell', async () => {
  const tooLate = (exchange: Exchange): void => {
    exchange.response.writeHead(200, { 'Content-Length': 0 }).flushHeaders();
    exchange.endConnectionAfter();
    expect(exchange.response.shouldKeepAlive).toBe(true);
  };
  expect(await connectionHeader(tooLate)).toBe('keep-alive');
});

test('a signal is aborted with its reason, and the two are apart', () => {
  const exchange = bare();
  const [signal, forceSignal] = [exchange.signal, exchange.forceSignal];
  const draining = new DrainError('DRAIN_DRAINING');
  exchange.announce(draining);
  expect([signal.aborted, signal.reason, forceSignal.aborted]).toEqual([true, draining, false]);
  const deadline = new DrainError('DRAIN_DEADLINE');
  exchange.force(deadline);
  expect([forceSignal.aborted, forceSignal.reason]).toEqual([true, deadline]);
});

test('whoever asks only afterwards finds it aborted, and always finds the same signal', () => {
  const exchange = bare();
  const draining = new DrainError('DRAIN_DRAINING');
  exchange.announce(draining);
  expect([exchange.signal.aborted, exchange.signal.reason, exchange.forceSignal.aborted]).toEqual([
    true,
    draining,
    false,
  ]);
  expect(exchange.signal).toBe(exchange.signal);
  expect(exchange.forceSignal).not.toBe(exchange.signal);
});
