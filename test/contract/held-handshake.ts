import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

/**
 * A TCP connection for a client that stops in the middle of its TLS handshake: its ClientHello goes out, and what follows
 * only after {@link release}.
 */
export class HeldHandshake extends Duplex {
  readonly #socket: Socket;
  #mayWrite: Promise<void> = Promise.resolve();
  #release: () => void = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  static async connect(port: number): Promise<HeldHandshake> {
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return new HeldHandshake(socket);
  }

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.push(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', () => {});
  }

  release(): void {
    this.#release();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    void this.#mayWrite.then(() => this.#socket.write(chunk, done));
    this.#mayWrite = this.#released;
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }
}
