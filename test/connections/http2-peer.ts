import { eventually, within } from '@drainkit/testing';
import type { Activity, Answer, Peer } from './peer.ts';
import { RawHttp2Client } from './raw-http2-client.ts';

/** A connection that speaks HTTP/2, frame by frame. */
export class Http2Peer implements Peer {
  readonly #client: RawHttp2Client;
  #stream = 0;
  #inHead = false;

  static async connect(port: number, tls: boolean): Promise<Http2Peer> {
    return new Http2Peer(await RawHttp2Client.connect(port, tls));
  }

  private constructor(client: RawHttp2Client) {
    this.#client = client;
  }

  begin(activity: Activity): void {
    if (activity === 'in-flight') this.#stream = this.#client.request('GET', '/slow');
    if (activity === 'streaming') this.#stream = this.#client.request('GET', '/stream');
    if (activity === 'upgraded')
      this.#stream = this.#client.request('CONNECT', '/up', { more: true, protocol: 'echo' });
    if (activity === 'half head') {
      this.#stream = this.#client.halfHead('GET', '/');
      this.#inHead = true;
      // In the middle of a header block no other frame may be sent.
      this.#client.answersPings = false;
    }
    if (activity === 'half body') {
      this.#stream = this.#client.request('POST', '/echo', { more: true });
      this.drip();
    }
  }

  drip(): void {
    this.#client.data(this.#stream, 'x');
  }

  complete(): void {
    if (this.#inHead) this.#client.continueHead(this.#stream);
    else this.#client.data(this.#stream, 'x', true);
  }

  ask(): void {
    this.#stream = this.#client.request('GET', '/');
  }

  async answer(): Promise<Answer> {
    const stream = this.#client.stream(this.#stream);
    await eventually('an answer', () => stream.ended || stream.reset !== undefined || !this.#client.isOpen);
    if (!stream.ended) throw new Error(`the stream was not answered: ${JSON.stringify(stream)}`);
    return { status: stream.status ?? 0, body: stream.body };
  }

  async told(): Promise<boolean> {
    await eventually('a GOAWAY', () => this.#client.goaways.length > 0);
    const [first] = this.#client.goaways;
    return first?.code === 0 && first.lastStream >= this.#stream;
  }

  say(text: string): void {
    this.#client.data(this.#stream, text);
  }

  async hears(text: string): Promise<void> {
    await eventually(`'${text}' to arrive`, () => this.#client.stream(this.#stream).body.includes(text));
  }

  async ended(): Promise<boolean> {
    const ending = await within('the session to end', 5_000, this.#client.closed);
    return ending === 'fin' && this.#client.goaways.at(-1)?.code === 0;
  }

  async cut(): Promise<boolean> {
    await within('the session to end', 5_000, this.#client.closed);
    return !this.#client.stream(this.#stream).ended;
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }
}
