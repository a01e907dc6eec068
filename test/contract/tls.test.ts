import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { eventually } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ContractServer, DEADLINE, WINDOW } from './contract-server.ts';
import { HeldHandshake } from './held-handshake.ts';
import { SERVER_KINDS } from './server-kinds.ts';

/** The beginning of a TLS record that holds a ClientHello of 512 bytes, and nothing of it. */
const HALF_HELLO = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]);

/** A TCP connection to a TLS server: everything it receives, and whether it is over. */
async function connectRaw(server: ContractServer): Promise<{
  readonly received: () => Buffer;
  readonly isOver: () => boolean;
  readonly send: (bytes: Buffer) => void;
}> {
  const before = server.sockets.size;
  const socket = connectPlain(Number(new URL(server.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  let isOver = false;
  socket.on('close', () => (isOver = true)).on('end', () => (isOver = true));
  await eventually('the server to accept', () => server.sockets.size > before);
  return {
    received: () => Buffer.concat(chunks),
    isOver: () => isOver,
    send: (bytes) => void socket.write(bytes),
  };
}

describe.each(SERVER_KINDS.filter(({ tls }) => tls).map((kind) => [kind.name, kind] as const))('%s', (_, kind) => {
  test('a request in flight is not cut', async () => {
    const server = await ContractServer.start(kind);
    const client = await server.hold();
    await server.drainNow();
    await server.host.advance(DEADLINE - 1);
    server.routes.release();
    const { status, headers } = await client.response();
    expect([status, headers['connection']]).toEqual([200, 'close']);
    expect(await server.ended(client)).toBe('fin');
    const { outcome, aborted } = await server.done();
    expect({ outcome, aborted }).toEqual({ outcome: 'clean', aborted: [] });
  });

  test('a connection that never began its handshake does not hold the drain', async () => {
    const server = await ContractServer.start(kind);
    const client = await connectRaw(server);
    await server.drainNow();
    const { outcome, totalMs } = await server.done();
    expect({ outcome, totalMs }).toEqual({ outcome: 'clean', totalMs: WINDOW });
    await eventually('the connection to be over', client.isOver);
    expect(client.received()).toHaveLength(0);
  });

  test('a connection that stopped in its handshake is ended within the stall timeout, without a word of plain HTTP', async () => {
    const server = await ContractServer.start(kind);
    const client = await connectRaw(server);
    client.send(HALF_HELLO);
    await eventually('the hello to arrive', () => [...server.sockets].some(({ bytesRead }) => bytesRead > 0));
    await server.drainNow();
    await server.host.advance(server.drain.plan.stallTimeout);
    const { outcome, totalMs } = await server.done();
    expect(outcome).toBe('clean');
    expect(totalMs).toBeLessThanOrEqual(WINDOW + server.drain.plan.stallTimeout);
    await eventually('the connection to be over', client.isOver);
    expect(client.received().toString('latin1')).not.toContain('HTTP/1.1');
  });

  test('a request on a connection whose handshake ends after the listener has closed is answered, however long that takes', async () => {
    const server = await ContractServer.start(kind);
    const held = await HeldHandshake.connect(Number(new URL(server.url).port));
    const client = connectTls({ socket: held, rejectUnauthorized: false });
    onTestFinished(() => void client.destroy());
    let answer = '';
    client.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('error', () => {});
    client.once('secureConnect', () => client.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'));
    await eventually('the hello to arrive', () => [...server.sockets].some(({ bytesRead }) => bytesRead > 0));
    await server.drainNow();
    held.release();
    await server.routes.called('/slow');
    await server.host.advance(server.drain.plan.stallTimeout);
    server.routes.release();
    await eventually('the answer', () => answer.includes('slow'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const { outcome, stalled } = await server.done();
    expect({ outcome, stalled }).toEqual({ outcome: 'clean', stalled: 0 });
  });

  test('an idle connection is ended in order', async () => {
    const server = await ContractServer.start(kind);
    const client = await server.connectIdle();
    await server.drainNow();
    expect(await server.ended(client)).toBe('fin');
    expect((await server.done()).totalMs).toBe(WINDOW);
  });
});
