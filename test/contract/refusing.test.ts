import type { RawResponse } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { ContractServer, WINDOW } from './contract-server.ts';
import { forEachServer } from './server-kinds.ts';

function refusal({ status, headers }: RawResponse): unknown[] {
  return [status, headers['retry-after'], headers['connection']];
}

forEachServer((kind) => {
  describe("lateRequests: 'refuse'", () => {
    test('serves all requests of the window', async () => {
      const server = await ContractServer.start(kind, { lateRequests: 'refuse' });
      server.announce();
      const client = await server.connect();
      expect((await client.get('/').response()).status).toBe(200);
      await server.host.advance(WINDOW);
      expect((await server.done()).refused).toBe(0);
    });

    test('refuses late requests with 503, Retry-After and close, and never calls their handlers', async () => {
      const server = await ContractServer.start(kind, { lateRequests: 'refuse', retryAfter: '1500ms' });
      const clients = [await server.connectIdle(), await server.connectIdle()];
      const held = await server.hold();
      const before = server.routes.calls('/');
      await server.drainNow();
      for (const client of clients) {
        expect(refusal(await client.get('/').response())).toEqual([503, '2', 'close']);
        expect(await server.ended(client)).toBe('fin');
      }
      expect(server.routes.calls('/')).toBe(before);
      server.routes.release();
      expect((await held.response()).body).toBe('slow');
      const { outcome, refused, servedLate } = await server.done();
      expect({ outcome, refused, servedLate }).toEqual({ outcome: 'clean', refused: 2, servedLate: 0 });
    });

    test('refuses an upload without waiting for its body', async () => {
      const server = await ContractServer.start(kind, { lateRequests: 'refuse' });
      const client = await server.connectIdle();
      await server.hold();
      await server.drainNow();
      client.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
      expect(refusal(await client.response())).toEqual([503, '1', 'close']);
    });

    test('still answers health', async () => {
      const server = await ContractServer.start(kind, { lateRequests: 'refuse' });
      const [live, ready] = [await server.connectIdle(), await server.connectIdle()];
      await server.hold();
      await server.drainNow();
      expect((await live.get('/healthz').response()).status).toBe(200);
      const { status, headers, body } = await ready.get('/ready').response();
      expect([status, headers['retry-after'], body]).toEqual([503, undefined, '{"status":"fail","output":"draining"}']);
      server.routes.release();
      expect((await server.done()).refused).toBe(0);
    });
  });

  describe('refuseDuringWindow', () => {
    test('refuses requests from the signal on, on new connections and old ones, and answers health', async () => {
      const server = await ContractServer.start(kind, { refuseDuringWindow: true });
      const idle = await server.connectIdle();
      server.announce();
      expect(refusal(await idle.get('/').response())).toEqual([503, '1', 'close']);
      expect(refusal(await (await server.connect()).get('/').response())).toEqual([503, '1', 'close']);
      expect((await (await server.connect()).get('/healthz').response()).status).toBe(200);
      await server.host.advance(WINDOW);
      const { outcome, refused } = await server.done();
      expect({ outcome, refused }).toEqual({ outcome: 'clean', refused: 2 });
    });

    test('leaves what was in flight alone', async () => {
      const server = await ContractServer.start(kind, { refuseDuringWindow: true });
      const held = await server.hold();
      const upload = (await server.connect()).send(
        'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab',
      );
      await server.inFlight(2);
      server.announce();
      upload.send('cd');
      expect((await upload.response()).body).toBe('abcd');
      await server.host.advance(WINDOW);
      server.routes.release();
      const { status, body } = await held.response();
      expect([status, body]).toEqual([200, 'slow']);
      const { outcome, refused } = await server.done();
      expect({ outcome, refused }).toEqual({ outcome: 'clean', refused: 0 });
    });

    test('refuses HEAD and Expect: 100-continue as well', async () => {
      const server = await ContractServer.start(kind, { refuseDuringWindow: true });
      server.announce();
      const head = await (await server.connect()).request('HEAD', '/').response();
      expect(refusal(head)).toEqual([503, '1', 'close']);
      const upload = await server.connect();
      upload.send('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
      expect(refusal(await upload.response())).toEqual([503, '1', 'close']);
    });
  });
});
