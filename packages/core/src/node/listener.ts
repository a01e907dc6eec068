import cluster from 'node:cluster';
import { Server, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** For how long, in milliseconds, a quiet turn of the event loop is waited for. */
const LONGEST_WAIT = 2_000;

/**
 * For how long, in milliseconds, a quiet turn has to have been waited for in vain before the kernel is told to queue hardly
 * any new connections.
 */
const CROWDED_AFTER = 10;

/** A turn that took no longer than this, in milliseconds, is short enough from the start. */
const SHORT_TURN = 0.02;

/** After so many turns in a row that brought nothing, hardly anybody connects: the next may take as long as it likes. */
const QUIET_TURNS = 10;

/**
 * Closes a server's listener, and only that: idle keep-alive connections stay open, as `http.Server#close` would not
 * leave them.
 *
 * Connections that the kernel has established and Node has not accepted are reset when the listener closes. So it is closed
 * in the check phase of a turn whose poll brought no new connection (a poll accepts one, if there is any) and which took
 * hardly any time, for what has come since the poll is lost. So that such a turn comes soon, connections that come
 * meanwhile are accepted but not read. Where nobody has connected for several turns, a long one will do. Where they come faster than they can be accepted, the kernel is told to queue no more of
 * them, so that what waits is accepted first; after two seconds the listener closes all the same. The longer it takes, the
 * longer the turn may be.
 *
 * A worker of node:cluster that is handed its connections has nothing to wait for: what it has not taken goes back to the
 * primary, and to another worker.
 *
 * @param onClosed - called as soon as the listener is closed.
 */
export function closeListener(server: Server, onClosed: () => void): void {
  if (isHandedConnections(server)) {
    Server.prototype.close.call(server);
    setImmediate(onClosed);
    return;
  }
  // Closing one that does not listen does nothing, but compiles what is to run between a poll and the close.
  Server.prototype.close.call(new Server());
  const unread: Socket[] = [];
  // The raw socket under a TLS one is not its own to pause.
  const canPause = !(server instanceof TlsServer);
  const beganAt = performance.now();
  let checkedAt = beganAt;
  let brought = true;
  let isCrowded = false;
  let quietTurns = 0;
  const onConnection = (socket: Socket): void => {
    brought = true;
    if (canPause) unread.push(socket.pause());
  };
  const check = (): void => {
    const now = performance.now();
    const waited = now - beganAt;
    quietTurns = brought ? 0 : quietTurns + 1;
    const isShort = now - checkedAt <= SHORT_TURN + waited / 500;
    const isQuiet = !brought && (isShort || quietTurns >= QUIET_TURNS);
    if (server.listening && !isQuiet && waited < LONGEST_WAIT) {
      if (!isCrowded && waited > CROWDED_AFTER) {
        isCrowded = true;
        shrinkBacklog(server);
      }
      brought = false;
      checkedAt = now;
      setImmediate(check);
      return;
    }
    if (server.listening) Server.prototype.close.call(server);
    server.off('connection', onConnection);
    for (const socket of unread) socket.resume();
    onClosed();
  };
  server.on('connection', onConnection);
  // The turn in which this is called began before: only the next is a whole one, and it begins with the first check.
  setImmediate(check);
}

interface WithHandle {
  readonly _handle?: { listen?(backlog: number): number } | null;
}

/** Whether it has no socket of its own, for the primary of a cluster accepts: Node's stand-in for a handle has no descriptor. */
function isHandedConnections(server: Server): boolean {
  const { _handle: handle } = server as WithHandle;
  return (
    cluster.isWorker &&
    process.platform !== 'win32' &&
    typeof handle === 'object' &&
    handle !== null &&
    !('fd' in handle)
  );
}

/**
 * Has the kernel drop the first packet of a new connection while one or two wait to be accepted, instead of establishing
 * hundreds that could only be reset. The client sends it again a second later, and is then refused: nothing is lost but time.
 * Listening once more on a listening socket changes its backlog and nothing else; Node has no public way to say so.
 */
function shrinkBacklog(server: Server): void {
  // The workers of a cluster share one socket: its backlog is the others' as well.
  if (cluster.isWorker) return;
  const { _handle: handle } = server as WithHandle;
  handle?.listen?.(1);
}
