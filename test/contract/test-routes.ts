import { PassThrough, type Readable } from 'node:stream';
import type { RequestSignals } from '@drainkit/core/node';
import { eventually } from '@drainkit/testing';

/** A request, as far as the routes care. */
interface RouteInput {
  readonly signals: RequestSignals;
  /** Reads the whole body. */
  readonly body: () => Promise<string>;
}

export interface RouteAnswer {
  readonly status: number;
  readonly body: string | Readable;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly run: (input: RouteInput) => Promise<RouteAnswer>;
}

const ok = (body: string | Readable): RouteAnswer => ({ status: 200, body });

/** What the routes of every contract server do, and the test's hold on them. Each framework is told in its own way. */
export class TestRoutes {
  /** The signals of each request, in order of arrival. */
  readonly signals: RequestSignals[] = [];
  readonly #calls = new Map<string, number>();
  readonly #streams: PassThrough[] = [];
  #waiting: (() => void)[] = [];

  readonly list: readonly Route[] = [
    this.#route('GET', '/', async () => ok('fast')),
    this.#route('GET', '/slow', async () => {
      await this.#released();
      return ok('slow');
    }),
    this.#route('POST', '/echo', async ({ body }) => ok(await body())),
    // Looks at the body only after it has been released, as a handler does that asks a database first.
    this.#route('POST', '/later', async ({ body }) => {
      await this.#released();
      return ok(String((await body()).length));
    }),
    this.#route('GET', '/stream', async () => ok(this.#stream())),
    this.#route('GET', '/events', async ({ signals }) => {
      const stream = this.#stream();
      if (signals.signal.aborted) stream.end('bye');
      else signals.signal.addEventListener('abort', () => stream.end('bye'), { once: true });
      return ok(stream);
    }),
    this.#route('GET', '/hang', () => new Promise(() => {})),
    this.#route('GET', '/items/:id', () => new Promise(() => {})),
    this.#route('GET', '/polite', async ({ signals }) => {
      const { forceSignal } = signals;
      if (!forceSignal.aborted) {
        await new Promise((resolve) => forceSignal.addEventListener('abort', resolve, { once: true }));
      }
      return { status: 503, body: 'try again' };
    }),
  ];

  /** How often the handler of a route was called. */
  calls(path: string): number {
    return this.#calls.get(path) ?? 0;
  }

  /** Waits until the handler of a route has been called `times` times. */
  async called(path: string, times = 1): Promise<void> {
    await eventually(`${path} to be called ${times} times`, () => this.calls(path) >= times);
  }

  /** Lets go of all that wait in /slow and /later now. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Writes a chunk to every stream. */
  write(chunk: string): void {
    for (const stream of this.#streams) stream.write(chunk);
  }

  /** Ends every stream. */
  endStreams(): void {
    for (const stream of this.#streams.splice(0)) stream.end();
  }

  #route(method: Route['method'], path: string, run: Route['run']): Route {
    return {
      method,
      path,
      run: (input) => {
        this.#calls.set(path, this.calls(path) + 1);
        this.signals.push(input.signals);
        return run(input);
      },
    };
  }

  #stream(): PassThrough {
    const stream = new PassThrough();
    stream.write('begin;');
    this.#streams.push(stream);
    return stream;
  }

  #released(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
