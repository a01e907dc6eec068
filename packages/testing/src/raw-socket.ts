import { once } from 'node:events';
import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { RawClientError, refusalOf } from './raw-client-error.ts';
import type { Endpoint } from './raw-target.ts';

/** A connection: `socket` is what HTTP is spoken on; `transport`, under TLS, what carries it, and else the same. */
export interface RawSocket {
  readonly socket: Socket;
  readonly transport: Socket;
}

/**
 * Connects, and completes the TLS handshake with whatever certificate there is.
 *
 * @throws {RawClientError} with reason `refused`, `reset`, `timeout` or `error`.
 */
export async function openSocket(endpoint: Endpoint, timeout: number): Promise<RawSocket> {
  const { name, tls, connect } = endpoint;
  const signal = AbortSignal.timeout(timeout);
  const transport = connectPlain({ ...connect, allowHalfOpen: true });
  transport.on('error', () => {});
  let socket = transport;
  try {
    await once(transport, 'connect', { signal });
    if (tls) {
      const servername = 'host' in connect && isIP(connect.host) === 0 ? connect.host : 'localhost';
      socket = connectTls({ socket: transport, servername, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
      socket.on('error', () => {});
      await once(socket, 'secureConnect', { signal });
    }
  } catch (cause) {
    socket.destroy();
    transport.destroy();
    const reason = signal.aborted ? 'timeout' : refusalOf(cause);
    const why = signal.aborted ? `timed out after ${timeout} ms` : (cause as Error).message;
    throw new RawClientError(reason, `could not connect to ${name}: ${why}`, '', { cause });
  }
  return { socket, transport };
}
