import { describe, expect, test } from 'vitest';
import { HttpResponseParser } from '../src/http-response-parser.ts';
import { MalformedResponseError } from '../src/raw-response.ts';
import type { RawResponse } from '../src/raw-response.ts';

function parse(text: string, { methods = ['GET'], piece = Infinity, fin = false } = {}): RawResponse[] {
  const responses: RawResponse[] = [];
  const parser = new HttpResponseParser((response) => responses.push(response));
  for (const method of methods) parser.expect(method);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += piece) parser.push(bytes.subarray(at, Math.min(bytes.length, at + piece)));
  if (fin) parser.end();
  return responses;
}

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe.each([
  ['in one piece', Infinity],
  ['byte by byte', 1],
  ['in pieces of three', 3],
])('%s', (_, piece) => {
  test('a response with a length is read to its length', () => {
    expect(parse('HTTP/1.1 201 Made it\r\nContent-Length: 6\r\nX-A:  b \r\n\r\nhé ll', { piece })).toEqual([
      {
        httpVersion: '1.1',
        status: 201,
        statusMessage: 'Made it',
        headers: { 'content-length': '6', 'x-a': 'b' },
        body: 'hé ll',
        trailers: {},
        informational: [],
      },
    ]);
  });

  test('a chunked response is read to its last chunk, with extensions and trailers', () => {
    const chunks = '5;ext=1\r\nhello\r\nA\r\n, world!!!\r\n0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n';
    const [response] = parse(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${ok('next')}`, { piece });
    expect(response?.body).toBe('hello, world!!!');
    expect(response?.trailers).toEqual({ 'x-sum': '1', 'x-two': '2' });
  });

  test('a chunk that contains what looks like an end is no end', () => {
    const [response] = parse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n', {
      piece,
    });
    expect(response?.body).toBe('0\r\n\r\n\r\n');
  });

  test('pipelined responses come out one by one, in order', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n';
    const responses = parse(ok('one') + chunked + ok('') + ok('four'), {
      piece,
      methods: Array(4).fill('GET') as string[],
    });
    expect(responses.map(({ body }) => body)).toEqual(['one', 'two', '', 'four']);
  });

  test('responses to HEAD, 204 and 304 have no body, whatever their length says', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n';
    const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';
    const notModified = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n';
    const responses = parse(head + noContent + notModified + ok('last'), {
      piece,
      methods: ['HEAD', 'GET', 'GET', 'GET'],
    });
    expect(responses.map(({ status, body }) => [status, body])).toEqual([
      [200, ''],
      [204, ''],
      [304, ''],
      [200, 'last'],
    ]);
  });

  test('1xx answers go with the response that follows them', () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n';
    const responses = parse(hints + ok('one') + ok('two'), { piece, methods: ['GET', 'GET'] });
    expect(responses.map(({ informational }) => informational)).toEqual([
      [
        { status: 103, statusMessage: 'Early Hints', headers: { link: '</a>' } },
        { status: 100, statusMessage: 'Continue', headers: {} },
      ],
      [],
    ]);
  });

  test('without a length the body goes on until the connection ends', () => {
    expect(parse('HTTP/1.0 200 OK\r\n\r\nto the end', { piece })).toEqual([]);
    expect(parse('HTTP/1.0 200 OK\r\n\r\nto the end', { piece, fin: true })).toMatchObject([
      { httpVersion: '1.0', body: 'to the end' },
    ]);
    expect(parse('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx', { piece, fin: true })).toMatchObject([
      { body: 'x' },
    ]);
  });
});

test('a response that the end of the connection cuts off is not whole', () => {
  for (const cut of [
    'HTTP/1.1 200 OK\r\nConte',
    ok('hello').slice(0, -1),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe',
  ]) {
    expect(parse(cut, { fin: true })).toEqual([]);
  }
});

test('a response without a length may be empty', () => {
  expect(parse('HTTP/1.1 200 OK\r\n\r\n', { fin: true })).toMatchObject([{ status: 200, body: '' }]);
});

test('repeated headers are joined, a status message may be missing', () => {
  const [response] = parse('HTTP/1.1 200\r\nVary: a\r\nvary: b\r\nContent-Length: 0\r\n\r\n');
  expect(response).toMatchObject({ statusMessage: '', headers: { vary: 'a, b' } });
});

test('an answer that nobody asked for is read like one to a GET', () => {
  expect(parse(`HTTP/1.1 408 Request Timeout\r\nContent-Length: 1\r\n\r\n!`, { methods: [] })).toMatchObject([
    { status: 408, body: '!' },
  ]);
});

test('what follows an upgrade is no response', () => {
  const responses: RawResponse[] = [];
  const parser = new HttpResponseParser((response) => responses.push(response));
  parser.expect('GET');
  parser.push(Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi'));
  parser.push(Buffer.from('more'));
  expect(responses).toMatchObject([{ status: 101, body: '' }]);
  expect(parser.upgraded).toBe(true);
  expect(parser.partial).toEqual(Buffer.from('\x81\x02himore'));
});

test('a 2xx to CONNECT is an upgrade, too; another answer to it is not', () => {
  const parser = new HttpResponseParser(() => {});
  parser.expect('CONNECT');
  parser.expect('CONNECT');
  parser.push(Buffer.from('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'));
  expect(parser.upgraded).toBe(false);
  parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
  expect(parser.upgraded).toBe(true);
});

test('partial is what has arrived of the response that is not whole yet', () => {
  const parser = new HttpResponseParser(() => {});
  expect(parser.partial.toString()).toBe('');
  parser.push(Buffer.from(`${ok('one')}HTTP/1.1 2`));
  expect(parser.partial.toString()).toBe('HTTP/1.1 2');
  parser.push(Buffer.from('00 OK\r\n'));
  expect(parser.partial.toString()).toBe('HTTP/1.1 200 OK\r\n');
});

test.each([
  ['no status line', 'hello there, this is no HTTP\r\n\r\n'],
  ['an odd status line', 'HTTP/1.1 OK\r\n\r\n'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['a chunk whose size is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  ['a chunk that is longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc'],
  ['a body after an answer to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'],
])('%s is malformed', (name, text) => {
  const methods = name.endsWith('HEAD') ? ['HEAD'] : ['GET'];
  expect(() => parse(text, { methods })).toThrow(MalformedResponseError);
});

test('what came whole before something malformed is not lost', () => {
  const responses: RawResponse[] = [];
  const parser = new HttpResponseParser((response) => responses.push(response));
  expect(() => parser.push(Buffer.from(`${ok('one')}garbage`))).toThrow(MalformedResponseError);
  expect(responses).toMatchObject([{ body: 'one' }]);
});
