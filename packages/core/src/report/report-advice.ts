import type { DrainReport } from './drain-report.ts';

/** What each kind of handle is, as Node's `process.getActiveResourcesInfo()` names it, and what to do about it. */
const HANDLES: Readonly<Record<string, string>> = {
  Timeout: 'a timer: clear it, or unref() it',
  Immediate: 'a setImmediate() that is called again and again',
  TCPSocketWrap: 'an open connection: close its pool or client in a resource',
  TLSWrap: 'an open TLS connection: close its pool or client in a resource',
  TCPServerWrap: 'a server that listens: attach() it, or close it in a resource',
  PipeWrap: 'a pipe or unix socket: a child process, or a client of one',
  PipeServerWrap: 'a server on a unix socket: attach() it, or close it in a resource',
  UDPWrap: 'a UDP socket: close it in a resource',
  ProcessWrap: 'a child process: end it in a resource',
  MessagePort: 'a worker thread, or a port to one: terminate() or close() it in a resource',
  Worker: 'a worker thread: terminate() it in a resource',
  FSEventWrap: 'a file watcher: close it in a resource',
  StatWatcher: 'a file watcher: unwatchFile() in a resource',
  TTYWrap: 'a terminal that is being read: pause() or unref() process.stdin',
  SignalWrap: 'a signal handler of something else',
};

/** `2 × TCPSocketWrap: an open connection …`, a line for each kind of handle. */
export function describeHandles(handles: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const handle of handles) counts.set(handle, (counts.get(handle) ?? 0) + 1);
  return Array.from(counts, ([handle, count]) => {
    const what = HANDLES[handle];
    return `${count === 1 ? '' : `${count} × `}${handle}${what === undefined ? '' : `: ${what}`}`;
  });
}

/** What to do about what a report says, a sentence for each kind of trouble. */
export function reportAdvice(report: DrainReport): string[] {
  const { outcome, exitCode, atDeadline, aborted, resources, refused, windowEnd, stalled } = report;
  const advice: string[] = [];
  const hung = resources.filter((resource) => resource.outcome === 'hung').map(({ name }) => name);
  const skipped = resources.filter((resource) => resource.outcome === 'skipped').map(({ name }) => name);
  const isUpgraded = (name: string): boolean => name.endsWith(' (upgraded)');
  if (atDeadline.some(({ name }) => !isUpgraded(name)))
    advice.push('end what runs long on its drain signal, or give it time with a longer deadline');
  if (aborted.some(({ name }) => isUpgraded(name)))
    advice.push('tell the drain of the WebSocket server: drain.websockets(server)');
  if (hung.length > 0)
    advice.push(`find out what ${hung.join(', ')} waits for when it closes, or give it a longer timeout`);
  if (skipped.length > 0 && exitCode < 128)
    advice.push(
      'leave more of the grace period for closing: a shorter deadline, or a longer grace period on the platform and here',
    );
  if (outcome === 'forced' && exitCode > 128) advice.push('a second signal ended it: whoever sent it did not wait');
  if (refused > 0 && windowEnd === 'elapsed')
    advice.push('clients still came after the window: make it longer, or see why the balancer had not noticed');
  if (stalled > 0)
    advice.push('clients stopped in the middle of a request: see what keeps them, or raise stallTimeout');
  return advice;
}
