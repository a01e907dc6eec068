import { Server } from 'node:net';

/** For how long, in milliseconds, a quiet turn of the event loop is waited for. */
const LONGEST_WAIT = 250;

/** A turn that took no longer than this, in milliseconds, is short enough from the start. */
const SHORT_TURN = 0.02;

/**
 * Closes a server's listener, and only that: idle keep-alive connections stay open, as `http.Server#close` would not
 * leave them.
 *
 * Connections that the kernel has established and Node has not accepted are reset when the listener closes. So it is closed
 * in the check phase of a turn whose poll brought no new connection (a poll accepts one at least, if there is any) and
 * which took hardly any time, for what has come since the poll is lost. Under load such a turn has to be waited for: the
 * longer it has not come, the longer a turn may be, and after 250 ms the listener closes all the same.
 *
 * @param onClosed - called as soon as the listener is closed.
 */
export function closeListener(server: Server, onClosed: () => void): void {
  // Closing one that does not listen does nothing, but compiles what is to run between a poll and the close.
  Server.prototype.close.call(new Server());
  const beganAt = performance.now();
  let checkedAt = beganAt;
  let brought = true;
  const onConnection = (): void => {
    brought = true;
  };
  const check = (): void => {
    const now = performance.now();
    const waited = now - beganAt;
    const isQuiet = !brought && now - checkedAt <= SHORT_TURN + waited / 500;
    if (server.listening && !isQuiet && waited < LONGEST_WAIT) {
      brought = false;
      checkedAt = now;
      setImmediate(check);
      return;
    }
    if (server.listening) Server.prototype.close.call(server);
    server.off('connection', onConnection);
    onClosed();
  };
  server.on('connection', onConnection);
  // The turn in which this is called began before: only the next is a whole one, and it begins with the first check.
  setImmediate(check);
}
