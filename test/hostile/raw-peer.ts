import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { ContractServer } from '../contract/contract-server.ts';

/** A connected socket that reads nothing by itself, and ends nothing by itself. */
export async function connectRaw({ kind, url }: ContractServer): Promise<Socket> {
  const port = Number(new URL(url).port);
  const transport = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true });
  transport.on('error', () => {});
  await once(transport, 'connect');
  onTestFinished(() => void transport.destroy());
  if (!kind.tls) return transport;
  const socket = connectTls({ socket: transport, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}
