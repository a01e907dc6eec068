import { RawClient } from '@drainkit/testing';
import type { IncomingMessage } from 'node:http';
import type { RequestListener } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answerHealth, answerRefused, isReading, pathOf } from '../../src/node/http-answer.ts';
import { http } from './listening.ts';

const request = (fields: object): IncomingMessage => fields as IncomingMessage;

async function ask(method: string, listener: RequestListener) {
  const client = await RawClient.connect(await http(listener));
  onTestFinished(() => client[Symbol.asyncDispose]());
  return { client, answer: await client.request(method, '/').response() };
}

describe('pathOf', () => {
  test.each([
    ['/ready', '/ready'],
    ['/ready?token=secret', '/ready'],
    ['/ready?a=1#b', '/ready'],
    ['/ready#b?a=1', '/ready'],
    ['/?', '/'],
    ['/a%3Fb', '/a%3Fb'],
    ['*', '*'],
    [undefined, '/'],
    ['http://user:password@host/orders?token=secret', '/orders'],
    ['HTTPS://user:password@host:443?token=secret', '/'],
    ['http://host', '/'],
    ['user:password@host:443', 'host:443'],
    ['/a@b', '/a@b'],
    ['/go?to=http://host/b', '/go'],
  ])('%j has the path %j', (url, path) => {
    expect(pathOf(request({ url }))).toBe(path);
  });

  test('a router that cut the URL short does not change it', () => {
    expect(pathOf(request({ url: '/1?x=2', originalUrl: '/orders/1?x=2' }))).toBe('/orders/1');
  });
});

test('GET and HEAD are reading, and nothing else is', () => {
  const reading = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'get'].filter((method) =>
    isReading(request({ method })),
  );
  expect(reading).toEqual(['GET', 'HEAD']);
});

describe('a health answer', () => {
  const body = '{"status":"fail","output":"draining"}';
  const listener: RequestListener = (_, response) => answerHealth(response, { statusCode: 503, body });

  test('is JSON that nobody may keep', async () => {
    const { answer } = await ask('GET', listener);
    expect([answer.status, answer.body]).toEqual([503, body]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/health+json',
      'content-length': String(body.length),
      'cache-control': 'no-store',
    });
  });

  test('has the same headers for HEAD, and no body', async () => {
    const { answer, client } = await ask('HEAD', listener);
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([
      503,
      String(body.length),
      0,
    ]);
    expect(client.received.toString()).not.toContain(body);
  });
});

describe('a refusal', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [90_000, '90'],
  ])('after %j ms says to come back in %s s, and not to keep the answer', async (ms, seconds) => {
    const { answer } = await ask('POST', (_, response) => answerRefused(response, ms));
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({ 'retry-after': seconds, 'cache-control': 'no-store' });
    expect(JSON.parse(answer.body)).toMatchObject({ statusCode: 503 });
  });
});
