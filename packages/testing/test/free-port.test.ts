import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort } from '@drainkit/testing';
import { expect, onTestFinished, test } from 'vitest';

test('a free port can be listened on', async () => {
  const server = createServer().listen(await freePort(), '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(server.listening).toBe(true);
});
