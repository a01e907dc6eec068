import { eventually, RawClient, within } from '@drainkit/testing';
import { onTestFinished } from 'vitest';
import type { Activity, Answer, Peer } from './peer.ts';

const BODY = 100;

/** A connection that speaks HTTP/1.1. */
export class Http1Peer implements Peer {
  readonly #client: RawClient;
  #missing = '';
  #connectionHeader: string | undefined;

  static async connect(port: number, tls: boolean): Promise<Http1Peer> {
    const client = await RawClient.connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`);
    onTestFinished(() => client[Symbol.asyncDispose]());
    return new Http1Peer(client);
  }

  private constructor(client: RawClient) {
    this.#client = client;
  }

  begin(activity: Activity): void {
    if (activity === 'in-flight') this.#client.get('/slow');
    if (activity === 'streaming') this.#client.get('/stream');
    if (activity === 'upgraded') this.#client.get('/up', { headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
    if (activity === 'half head') {
      this.#client.half('/');
      this.#missing = 'x\r\n\r\n';
    }
    if (activity === 'half body') {
      this.#client.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY}\r\n\r\n`);
      this.#missing = 'x'.repeat(BODY);
      this.drip();
    }
  }

  drip(): void {
    this.#client.send('x');
    this.#missing = this.#missing.slice(1);
  }

  complete(): void {
    this.#client.send(this.#missing);
  }

  ask(): void {
    this.#client.get('/');
  }

  async answer(): Promise<Answer> {
    const { status, body, headers } = await this.#client.response();
    this.#connectionHeader = headers['connection'];
    return { status, body };
  }

  async told(): Promise<boolean> {
    return this.#connectionHeader === 'close';
  }

  say(text: string): void {
    this.#client.send(text);
  }

  async hears(text: string): Promise<void> {
    await eventually(`'${text}' to arrive`, () => this.#client.received.includes(text));
  }

  async ended(): Promise<boolean> {
    return (await within('the connection to end', 5_000, this.#client.closed)) === 'fin';
  }

  async cut(): Promise<boolean> {
    await within('the connection to end', 5_000, this.#client.closed);
    if (this.#client.upgraded !== undefined) return true;
    return this.#client.response().then(
      () => false,
      () => true,
    );
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }
}
