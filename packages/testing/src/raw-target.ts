import { Server as TlsServer } from 'node:tls';

/** What has an address: a `node:http` or `node:https` server that listens, or `app.server` of Fastify. */
export interface ListeningServer {
  address(): { readonly address: string; readonly port: number } | string | null;
}

/** Where to connect to: a port, a unix socket, an `http:` or `https:` URL (its path is of no account), or a server. */
export type RawTarget =
  { readonly port: number; readonly host?: string } | { readonly path: string } | string | URL | ListeningServer;

/** A target, resolved. */
export interface Endpoint {
  /** What `node:net` takes. */
  readonly connect: { readonly port: number; readonly host: string } | { readonly path: string };
  /** What the Host header says. */
  readonly host: string;
  /** What an error message says. */
  readonly name: string;
  readonly tls: boolean;
}

/**
 * Resolves a target. TLS is taken from the scheme of a URL or the kind of a server; without either there is none.
 *
 * @throws {TypeError} for a server that does not listen, and a URL of another scheme.
 */
export function endpointOf(target: RawTarget): Endpoint {
  if (typeof target === 'string' || target instanceof URL) return ofUrl(new URL(target));
  if ('address' in target) {
    const address = target.address();
    const tls = target instanceof TlsServer;
    if (address === null) throw new TypeError('the server does not listen: there is nothing to connect to');
    if (typeof address === 'string') return ofPath(address, tls);
    return ofPort(address.port, reachable(address.address), tls);
  }
  if ('path' in target) return ofPath(target.path, false);
  return ofPort(target.port, target.host ?? '127.0.0.1', false);
}

/** The address under which a server that listens on `host` is reached: not the one that means all of them. */
export function reachable(host: string): string {
  if (host === '::') return '::1';
  return host === '0.0.0.0' ? '127.0.0.1' : host;
}

function ofUrl(url: URL): Endpoint {
  const tls = url.protocol === 'https:';
  if (!tls && url.protocol !== 'http:') throw new TypeError(`'${url.href}' is neither http: nor https:`);
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  return ofPort(port, reachable(url.hostname.replace(/^\[(.*)\]$/, '$1')), tls);
}

function ofPort(port: number, host: string, tls: boolean): Endpoint {
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { connect: { port, host }, host: name, name, tls };
}

function ofPath(path: string, tls: boolean): Endpoint {
  return { connect: { path }, host: 'localhost', name: path, tls };
}
