/** An instance as the balancer knows it. */
export interface Backend {
  readonly name: string;
  readonly port: number;
}

/** What stands in front of the instances, asks each for /ready every 300 ms, and believes the second 503 and the first 200. */
export interface Balancer {
  /** For people: `HAProxy 2.6.12`. */
  readonly title: string;
  readonly url: string;
  /** Whether it sends requests to a backend at this moment. */
  isUp(name: string): Promise<boolean>;
  /** Ends it, and whatever it has opened. */
  stop(): Promise<void>;
}

/** How often a balancer asks for /ready, in milliseconds. */
export const CHECK_INTERVAL = 300;

/** How many answers in a row take a backend out. One is enough to take it back. */
export const CHECKS_TO_FALL = 2;
