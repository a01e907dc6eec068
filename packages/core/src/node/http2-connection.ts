import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Cancel, Clock } from '../host.ts';
import { LINGER } from './connection.ts';
import { hiddenProperty } from './hidden-property.ts';

/**
 * GOAWAY with the highest stream id there is and NO_ERROR: "open no more streams; those that are on their way are served"
 * (RFC 9113 section 6.8).
 */
const SHUTDOWN_NOTICE = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** How long, in milliseconds, the end of a session may wait: for the answer to a PING, or for a moment at which nothing is lost. */
const CLOSE_WITHIN = 100;

/**
 * One HTTP/2 session: how it is told to leave, and how it is ended.
 *
 * Node can send GOAWAY, but from that moment on it ignores every new stream, whatever stream id the frame named: a request
 * that crosses it on its way is never answered. So over plain TCP the notice is written to the socket itself, between two
 * frames of the session, and the session goes on serving until a PING has been to the client and back.
 *
 * Under TLS nothing can be written past the session. There its client is told nothing until the end, and then at a moment at
 * which it waits for as many answers as it ever has at once: hardly more is on its way then. What crosses that GOAWAY all the
 * same is above the stream id that it names, which tells the client that it was not processed and may be sent again.
 */
export class Http2Connection {
  readonly session: ServerHttp2Session;
  readonly #clock: Clock;
  readonly #onStalled: () => void;
  readonly #socket: Socket;
  readonly #isSecure: boolean;
  #taken = 0;
  #open = 0;
  #waiting = 0;
  #mostAtOnce = 0;
  #idleSince: number;
  #isTold = false;
  #isFinishing = false;
  #cancelClose: Cancel = () => {};
  #cancelCutOff: Cancel = () => {};
  #cancelLinger: Cancel = () => {};

  /**
   * @param onStalled - told when the session is cut off because nothing came of it any more.
   * @param onClosed - told when it is gone, its socket included.
   */
  constructor(session: ServerHttp2Session, clock: Clock, onStalled: () => void, onClosed: () => void) {
    this.session = session;
    this.#clock = clock;
    this.#onStalled = onStalled;
    this.#idleSince = clock.now();
    const forget = (): void => {
      this.#cancelClose();
      this.#cancelCutOff();
      this.#cancelLinger();
      onClosed();
    };
    // A session shows its socket behind a proxy, and no longer than it lasts. What `once` returns is the socket itself.
    this.#socket = session.socket.once('close', forget);
    this.#isSecure = this.#socket instanceof TLSSocket;
  }

  /** Counts a stream until it is answered. That it is closed Node says later than its client learns of it. */
  take(stream: ServerHttp2Stream): void {
    this.#taken += 1;
    this.#open += 1;
    this.#waiting += 1;
    let isWaiting = true;
    const leave = (): void => {
      if (!isWaiting) return;
      isWaiting = false;
      this.#waiting -= 1;
      this.#idleSince = this.#clock.now();
    };
    stream.once('finish', leave);
    stream.once('close', () => {
      this.#open -= 1;
      leave();
    });
    if (this.#isFinishing && this.#isSecure) this.#closeIfNothingComes();
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#waiting);
  }

  /** Asks the client to open no more streams, where that can be asked. What it has sent by then is answered. */
  tell(): void {
    if (this.#isTold || this.#isSecure) return;
    this.#isTold = true;
    // The first frame of a session has to be its SETTINGS.
    if (this.session.pendingSettingsAck) this.session.once('localSettings', () => this.#notify());
    else this.#notify();
  }

  /**
   * Ends the session when its last stream has ended. One that has no stream and stays all the same, in the middle of a
   * header block say, is cut off after the stall timeout; one whose client does not close its side, after a short wait.
   */
  finish(stallTimeout: number): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#lingerAtEnd();
    this.#cutOffAfter(stallTimeout);
    this.#cancelClose = this.#clock.setTimeout(() => this.#close(), CLOSE_WITHIN);
    if (this.#isSecure) return this.#closeIfNothingComes();
    this.tell();
    try {
      // Once a PING that was sent after the notice is answered, nothing more is on its way.
      this.session.ping(() => this.#close());
    } catch {
      this.#close();
    }
  }

  destroy(): void {
    this.session.destroy(undefined, constants.NGHTTP2_CANCEL);
    // Where the session was asked to close before, Node only ends it.
    this.#socket.destroy();
  }

  #notify(): void {
    if (!this.session.closed && this.#socket.writable) this.#socket.write(SHUTDOWN_NOTICE);
  }

  #closeIfNothingComes(): void {
    const isIdle = this.#waiting === 0 && this.#clock.now() - this.#idleSince >= CLOSE_WITHIN;
    const isAtItsMost = this.#waiting > 0 && this.#waiting === this.#mostAtOnce;
    if (isIdle || isAtItsMost) this.#close();
  }

  #close(): void {
    this.#cancelClose();
    if (!this.session.closed && !this.session.destroyed) this.session.close();
  }

  #lingerAtEnd(): void {
    const linger = (): void => {
      this.#cancelLinger = this.#clock.setTimeout(() => this.#socket.destroy(), LINGER);
    };
    if (this.#socket.writableFinished) linger();
    else this.#socket.once('finish', linger);
  }

  #cutOffAfter(ms: number): void {
    const taken = this.#taken;
    this.#cancelCutOff = this.#clock.setTimeout(() => {
      if (this.session.destroyed) return;
      if (this.#open > 0 || this.#taken > taken || hasStreams(this.session)) return this.#cutOffAfter(ms);
      this.#onStalled();
      this.session.destroy();
    }, ms);
  }
}

/**
 * Whether a session has streams, those included that the server pushes: of these Node tells nobody. It keeps them all under
 * a symbol that it does not export, the same from Node 20 to 26.
 */
function hasStreams(session: ServerHttp2Session): boolean {
  const { streams } = (hiddenProperty(session, 'state') ?? {}) as { readonly streams?: ReadonlyMap<number, unknown> };
  return streams !== undefined && streams.size > 0;
}
