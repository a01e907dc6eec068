/** A unit of work in flight, as reports name it. Never holds a query string, a header or a body. */
export interface WorkItem {
  /** `GET /orders/:id`, or the name that `enter` or `track` was given. */
  readonly name: string;
  /** How long it has been running, in milliseconds. */
  readonly ageMs: number;
}

/**
 * Something that can be drained: a server, a set of tracked jobs.
 * The coordinator calls `announce`, `refuse`, `force` and `abort` in this order, each at most once. It skips `force` and
 * `abort` where the work ends by itself, and whatever stands before `abort` where a second signal or `drain.abort()` comes
 * first. One that is added during a drain is brought up to the drain's phase. What it does not count is 0, and what does
 * not listen cannot be reached.
 */
export interface Drainable {
  /** Whose work it is, for people: `http`, `work`. */
  readonly name: string;
  /** Units of work in flight now. */
  readonly inFlight: number;
  /** Requests (or jobs) that were taken on after intake had stopped. */
  readonly late?: number;
  /** Requests (or jobs) that were refused because of the drain. */
  readonly refused?: number;
  /** Peers that were cut off because they stopped in the middle of asking for something. */
  readonly stalled?: number;
  /** Peers that are connected now, where it knows of any. */
  readonly openConnections?: number;
  /** Whether anybody outside can still reach it: a server that listens. A drain without any needs no window. */
  readonly reachable?: boolean;
  /** When the last request that was no probe came since `announce`, on the clock; `-Infinity` where none has. @default -Infinity */
  readonly lastRequestAt?: number;
  /** What is in flight now, in any order. */
  work(): WorkItem[];
  /** The drain has begun: tell the peers, go on serving. */
  announce(): void;
  /** The window has passed: take on nothing new. */
  refuse(): void;
  /** Resolves as soon as nothing is in flight any more and nothing new can come. Never rejects. */
  drained(): Promise<void>;
  /** The deadline has passed: ask what is in flight to end at once. */
  force(): void;
  /** Destroys what is left, and takes on nothing new. `drained` resolves after it. */
  abort(): void;
}
