import { fakeHost, type FakeHost } from '@drainkit/testing';
import { Drain } from '../src/drain.ts';
import { FakeDrainable } from './fake-drainable.ts';

/** A server of which everything is counted. */
class MeasuredServer extends FakeDrainable {
  openConnections = 0;
}

/** A drain on a host whose time stands still, with a server in the hands of the test. */
export interface MeasuredDrain {
  readonly host: FakeHost;
  readonly drain: Drain;
  readonly server: MeasuredServer;
}

export function measuredDrain(): MeasuredDrain {
  const host = fakeHost();
  const drain = new Drain({ logger: false, window: '5s', deadline: '10s', forceGrace: '500ms' }, host);
  const server = new MeasuredServer();
  drain.add(server);
  return { host, drain, server };
}

/** A resource that takes its time, on the time of the test. */
export function closeAfter(host: FakeHost, ms: number, error?: Error): () => Promise<void> {
  return () =>
    new Promise((resolve, reject) => {
      host.clock.setTimeout(() => (error === undefined ? resolve() : reject(error)), ms);
    });
}
