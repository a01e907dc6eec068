import { Pool } from 'undici';

/** How often requests are sent, in milliseconds. */
const TICK = 10;

/** With this many unanswered, no more are sent: a server that hangs is not buried. */
const MOST_UNANSWERED = 1_000;

/** How long an answer may take, in milliseconds. */
const TIMEOUT = 10_000;

/** Of so many requests one goes to the slow route; odd, so that every instance gets some of them in a round robin. */
const SLOW_ONE_IN = 99;

export interface LoadOptions {
  /** Keep-alive connections. */
  readonly connections: number;
  /** Requests a second, whether or not the earlier ones are answered. */
  readonly rate: number;
}

/** A bounded stream of requests, and what came of them. */
export class Load {
  /** Requests answered with 2xx. */
  served = 0;
  /** Requests that got no answer at all, half of one, or a 5xx that the server never gave. */
  dropped = 0;
  /** Requests turned away: 503, or no connection. */
  refused = 0;
  /** How often requests failed with what: `ECONNRESET`, `HTTP 502`. */
  readonly failures: Map<string, number> = new Map();
  /** Requests served since the last `takeServed`, by instance. */
  readonly #servedBy = new Map<string, number>();
  readonly #pool: Pool;
  readonly #rate: number;
  #timer: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #sent = 0;
  #onAnswered: () => void = () => {};

  constructor(url: string, { connections, rate }: LoadOptions) {
    this.#rate = rate;
    // One request at a time on a connection, and none is ever sent twice.
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: TIMEOUT, bodyTimeout: TIMEOUT });
  }

  start(): void {
    const began = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - began) / 1_000) * this.#rate;
      for (; this.#sent < due; this.#sent += 1) {
        if (this.#unanswered < MOST_UNANSWERED) void this.#send(this.#sent % SLOW_ONE_IN === 0 ? '/report' : '/');
      }
    }, TICK);
  }

  /** Sends nothing more, and waits for the answers that are due. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => {
      this.#onAnswered = resolve;
    });
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pool.destroy();
  }

  /** How many requests an instance has served since this was asked last. */
  takeServed(instance: string): number {
    const count = this.#servedBy.get(instance) ?? 0;
    this.#servedBy.delete(instance);
    return count;
  }

  async #send(path: string): Promise<void> {
    this.#unanswered += 1;
    try {
      const { statusCode, headers, body } = await this.#pool.request({ path, method: 'GET' });
      await body.dump();
      if (statusCode < 300) this.#onServed(String(headers['x-instance']));
      else this.#onFailed(`HTTP ${statusCode}`, statusCode === 503);
    } catch (error) {
      const { code = String(error) } = error as { code?: string };
      this.#onFailed(code, code === 'ECONNREFUSED');
    }
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#onAnswered();
  }

  #onServed(instance: string): void {
    this.served += 1;
    this.#servedBy.set(instance, (this.#servedBy.get(instance) ?? 0) + 1);
  }

  #onFailed(reason: string, refused: boolean): void {
    if (refused) this.refused += 1;
    else this.dropped += 1;
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }
}
