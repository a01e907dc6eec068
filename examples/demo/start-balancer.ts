import type { Backend, Balancer } from './balancer.ts';
import { startBuiltinBalancer } from './builtin-balancer.ts';
import { findHaproxy, startHaproxy } from './haproxy.ts';

/**
 * HAProxy where it is installed, else the small balancer in this directory.
 *
 * @param wanted - `haproxy` or `builtin` to have that one; `undefined` for whichever there is.
 * @throws where `wanted` is something else, or HAProxy is wanted and not installed.
 */
export async function startBalancer(backends: readonly Backend[], wanted: string | undefined): Promise<Balancer> {
  if (wanted !== undefined && wanted !== 'haproxy' && wanted !== 'builtin') {
    throw new Error(`DEMO_BALANCER is '${wanted}'; allowed: haproxy, builtin`);
  }
  const version = wanted === 'builtin' ? undefined : await findHaproxy();
  if (version !== undefined) return startHaproxy(backends, version);
  if (wanted === 'haproxy') throw new Error('DEMO_BALANCER is haproxy, and haproxy is not installed');
  return startBuiltinBalancer(backends);
}
