/** A wait that took too long. The message names what it waited for; `cause` is the last error seen, if any. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError';
  /** What was waited for. */
  readonly waitedFor: string;
  /** How long, in milliseconds. */
  readonly timeout: number;

  constructor(waitedFor: string, timeout: number, options?: ErrorOptions) {
    super(`timed out after ${timeout} ms waiting for ${waitedFor}`, options);
    this.waitedFor = waitedFor;
    this.timeout = timeout;
  }
}
