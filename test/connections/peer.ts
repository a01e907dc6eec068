/** What a client may be in the middle of. */
export const ACTIVITIES = ['in-flight', 'idle', 'half head', 'half body', 'upgraded', 'streaming'] as const;

export type Activity = (typeof ACTIVITIES)[number];

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One raw client connection with one activity on it, the same for HTTP/1 and HTTP/2. */
export interface Peer {
  /** Sends what makes the activity. */
  begin(activity: Activity): void;
  /** Sends a little more of half a request, which does not complete it. */
  drip(): void;
  /** Sends what is missing of half a request. */
  complete(): void;
  /** Sends a GET of `/`. */
  ask(): void;
  /** The answer to the request that was sent last. */
  answer(): Promise<Answer>;
  /** Whether the client has been told to leave: by the last answer, or soon by GOAWAY. */
  told(): Promise<boolean>;
  /** Sends bytes on an upgraded connection. */
  say(text: string): void;
  /** Waits until `text` has come. */
  hears(text: string): Promise<void>;
  /** Waits for the end of the connection. Returns whether it was in order, with nothing lost. */
  ended(): Promise<boolean>;
  /** Waits for the end of the connection. Returns whether what was going on on it was cut off. */
  cut(): Promise<boolean>;
  readonly isOpen: boolean;
}
