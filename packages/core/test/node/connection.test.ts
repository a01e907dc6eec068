import { eventually, FakeClock, RawClient, within } from '@drainkit/testing';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Connection, type ConnectionKind } from '../../src/node/connection.ts';
import { Exchange } from '../../src/node/exchange.ts';
import { http } from './listening.ts';

const OPENED_AT = 1_000;
/** Long after a connection is fresh. */
const LATER = OPENED_AT + 10_000;

const notYet = (): never => {
  throw new Error('not yet');
};

interface Rig {
  readonly server: Server;
  readonly client: RawClient;
  readonly connection: Connection;
  /** The requests that have come, none of them answered. */
  readonly exchanges: Exchange[];
  readonly kind: (now?: number) => ConnectionKind;
  /** Waits until the server has read it. */
  readonly arrives: (bytes: number) => Promise<unknown>;
  readonly exchange: (index?: number) => Promise<Exchange>;
}

/** One client of a server that answers nothing by itself. */
async function connect(): Promise<Rig> {
  const exchanges: Exchange[] = [];
  const connections: Connection[] = [];
  const server = await http((request: IncomingMessage, response: ServerResponse) => {
    const [connection] = connections;
    if (connection === undefined) throw new Error('a request came without a connection');
    const exchange = new Exchange(request, response, connection, LATER);
    connection.exchanges.push(exchange);
    exchanges.push(exchange);
  });
  const clock = new FakeClock();
  await clock.advance(OPENED_AT);
  server.on('connection', (socket) => connections.push(new Connection(socket, clock)));
  const client = await RawClient.connect(server);
  onTestFinished(() => client[Symbol.asyncDispose]());
  const connection = await eventually('the server to accept', () => connections[0] ?? notYet());
  return {
    server,
    client,
    connection,
    exchanges,
    kind: (now = LATER) => connection.kind(now),
    arrives: (bytes) => eventually(`${bytes} bytes to arrive`, () => connection.bytesRead >= bytes),
    exchange: (index = 0) => eventually(`request ${index} to arrive`, () => exchanges[index] ?? notYet()),
  };
}

const HALF = 'GET /half HTTP/1.1\r\nHost: x\r\nX-Ha';

describe('kind', () => {
  test('a client that has just connected is fresh for 100 ms, then bare', async () => {
    const { kind, connection } = await connect();
    expect([kind(OPENED_AT), kind(OPENED_AT + 99), kind(OPENED_AT + 100), kind(LATER)]).toEqual([
      'fresh',
      'fresh',
      'bare',
      'bare',
    ]);
    expect(connection.freshUntil).toBe(OPENED_AT + 100);
    expect(connection.receiving).toBe(false);
  });

  test('half a head is partial, also while the connection is fresh', async () => {
    const { client, connection, kind, arrives } = await connect();
    client.send(HALF);
    await arrives(HALF.length);
    expect([kind(), kind(OPENED_AT), connection.receiving]).toEqual(['partial', 'partial', true]);
  });

  test('a request is busy from its arrival to the end of its response, then idle', async () => {
    const { client, connection, kind, exchange } = await connect();
    client.get('/');
    const first = await exchange();
    expect([kind(), connection.receiving]).toEqual(['busy', false]);
    first.response.end('done');
    await client.response();
    expect(kind()).toBe('busy');
    connection.finish(first, LATER);
    expect([kind(), connection.receiving, connection.idleSince]).toEqual(['idle', false, LATER]);
  });

  test('half a head after a whole request is partial', async () => {
    const { client, connection, kind, exchange, arrives } = await connect();
    client.get('/');
    const first = await exchange();
    first.response.end('done');
    await client.response();
    connection.finish(first, LATER);
    const { bytesRead } = connection;
    client.send(HALF);
    await arrives(bytesRead + HALF.length);
    expect([kind(), connection.receiving]).toEqual(['partial', true]);
  });

  test('half a head that came while the request before it was answered is partial, too', async () => {
    const { client, connection, kind, exchange, arrives } = await connect();
    client.get('/');
    const first = await exchange();
    const { bytesRead } = connection;
    client.send(HALF);
    await arrives(bytesRead + HALF.length);
    first.response.end('done');
    await client.response();
    connection.finish(first, LATER);
    expect([kind(), connection.receiving]).toEqual(['partial', true]);
  });

  test('half a body is busy, and receiving', async () => {
    const { client, connection, kind, exchange } = await connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234');
    const { request } = await exchange();
    request.resume();
    expect([kind(), connection.receiving]).toEqual(['busy', true]);
    client.send('56789');
    await eventually('the body to be whole', () => request.complete);
    expect([kind(), connection.receiving]).toEqual(['busy', false]);
  });

  test('of pipelined requests it is busy until the last is finished', async () => {
    const { client, connection, kind, exchange } = await connect();
    client.get('/a').get('/b');
    const [first, second] = [await exchange(0), await exchange(1)];
    connection.finish(first, LATER);
    expect([kind(), connection.exchanges]).toEqual(['busy', [second]]);
    connection.finish(second, LATER);
    expect(kind()).toBe('idle');
  });

  test('finishing one twice takes nothing else away', async () => {
    const { client, connection, exchange } = await connect();
    client.get('/a').get('/b');
    const [first, second] = [await exchange(0), await exchange(1)];
    connection.finish(first, LATER);
    connection.finish(first, LATER);
    expect(connection.exchanges).toEqual([second]);
  });

  test('what is upgraded is upgraded, whatever else it is', async () => {
    const { client, connection, kind, exchange } = await connect();
    connection.upgradedBy = 'GET /socket';
    expect(kind(OPENED_AT)).toBe('upgraded');
    client.get('/');
    await exchange();
    expect(kind()).toBe('upgraded');
  });
});

describe('ending', () => {
  test('end sends what is written, then FIN', async () => {
    const { client, connection, exchange } = await connect();
    client.get('/');
    const { response } = await exchange();
    const body = 'x'.repeat(200_000);
    response.end(body);
    connection.end();
    expect(connection.ending).toBe(true);
    expect((await client.response()).body).toBe(body);
    expect(await within('the FIN', 2_000, client.closed)).toBe('fin');
  });

  test('timeOut answers half a head with 408', async () => {
    const { client, connection, arrives } = await connect();
    client.half('/');
    await arrives(10);
    connection.timeOut();
    const { status } = await client.response();
    expect([status, connection.ending]).toEqual([408, true]);
    expect(await within('the FIN', 2_000, client.closed)).toBe('fin');
  });

  test('timeOut answers half a body with 408', async () => {
    const { client, connection, exchange } = await connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234');
    await exchange();
    connection.timeOut();
    expect((await client.response()).status).toBe(408);
  });

  test('timeOut writes no second answer into one that has begun', async () => {
    const { client, connection, exchange } = await connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234');
    const { response } = await exchange();
    response.writeHead(200, { 'Content-Length': 4 }).write('ab');
    await eventually('the beginning of the answer', () => client.received.includes('ab'));
    connection.timeOut();
    await within('the end of the connection', 2_000, client.closed);
    expect(client.received.toString()).not.toContain('408');
  });

  test('destroy ends it in the middle', async () => {
    const { client, connection, exchange } = await connect();
    client.get('/');
    await exchange();
    connection.destroy();
    expect([connection.ending, connection.socket.destroyed]).toEqual([true, true]);
    await within('the end of the connection', 2_000, client.closed);
  });
});
