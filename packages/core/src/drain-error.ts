/** Every code that a DrainError can have. */
export type DrainErrorCode =
  | 'DRAIN_OPTIONS_INVALID'
  | 'DRAIN_ARGUMENT_INVALID'
  | 'DRAIN_RESOURCE_INVALID'
  | 'DRAIN_RESOURCE_TOO_LATE'
  | 'DRAIN_RESOURCE_HUNG'
  | 'DRAIN_COMPONENT_INVALID'
  | 'DRAIN_START_FAILED'
  | 'DRAIN_START_STOPPED'
  | 'DRAIN_WORK_REFUSED'
  | 'DRAIN_CHECK_INVALID'
  | 'DRAIN_CHECK_FAILED'
  | 'DRAIN_CHECK_TIMEOUT'
  | 'DRAIN_POOL_FULL'
  | 'DRAIN_TASK_RETURNED'
  | 'DRAIN_SERVER_INVALID'
  | 'DRAIN_CLIENTS_INVALID'
  | 'DRAIN_HEALTH_PORT'
  | 'DRAIN_ALREADY_REGISTERED'
  | 'DRAIN_PROCESS_INVALID'
  | 'DRAIN_PROCESS_FAILED'
  | 'DRAIN_PROCESS_KILLED'
  | 'DRAIN_WORKER_FAILED'
  | 'DRAIN_RELOAD_FAILED'
  | 'DRAIN_DRAINING'
  | 'DRAIN_DEADLINE';

/**
 * Every error that drainkit makes, by code: what happened and what to do about it.
 * docs/errors.md holds the same rows; a test keeps the two equal.
 */
export const DRAIN_ERRORS: Readonly<Record<DrainErrorCode, { readonly cause: string; readonly remedy: string }>> = {
  DRAIN_OPTIONS_INVALID: {
    cause: 'one or more options or environment variables cannot be used',
    remedy: 'mend each of the listed problems; the message names the option, the value and what is allowed',
  },
  DRAIN_ARGUMENT_INVALID: {
    cause: 'a method was called with something that it cannot use',
    remedy: 'pass what is allowed; the message names the argument and the value',
  },
  DRAIN_RESOURCE_INVALID: {
    cause: 'a resource was registered without a name, or with something that cannot be closed',
    remedy: 'pass a non-empty name and a close function, or an object with Symbol.asyncDispose or Symbol.dispose',
  },
  DRAIN_RESOURCE_TOO_LATE: {
    cause: 'a resource was registered after the drain had closed everything',
    remedy: 'register resources when they are opened; close this one yourself',
  },
  DRAIN_RESOURCE_HUNG: {
    cause: 'a resource did not finish closing within its time',
    remedy: 'find out what its close waits for, or give it more time with { timeout }',
  },
  DRAIN_COMPONENT_INVALID: {
    cause: 'components cannot be used as they were registered',
    remedy: 'mend each of the listed problems: options, names taken twice, dependencies that do not exist, cycles',
  },
  DRAIN_START_FAILED: {
    cause: 'a component failed to start, and those that had started were closed again',
    remedy: 'see the cause; errors holds what failed besides; startComponents() can be called again',
  },
  DRAIN_START_STOPPED: {
    cause: 'a drain began before all components, or cluster workers, had started',
    remedy: 'let the app end: what was started is closed by the drain',
  },
  DRAIN_WORK_REFUSED: {
    cause: 'work was started after the drain had stopped taking any',
    remedy: 'check drain.phase or listen to drain.signal before starting work',
  },
  DRAIN_CLIENTS_INVALID: {
    cause: 'websockets() or eventStream() was given a server or an option that cannot be used',
    remedy: 'mend what the message names; pass the WebSocketServer itself, with its clientTracking left on',
  },
  DRAIN_CHECK_INVALID: {
    cause: 'a health check was registered without a name, twice under one, or with options that it cannot have',
    remedy: 'give each check a name of its own without a colon, a function, and durations for timeout and cache',
  },
  DRAIN_CHECK_FAILED: {
    cause: 'a health check gave false',
    remedy: 'see to what it looks at; have it throw an error instead, which is logged',
  },
  DRAIN_CHECK_TIMEOUT: {
    cause: 'a health check took longer than its timeout',
    remedy: 'see to what it looks at; pass the signal on, for a check that goes on is not started again',
  },
  DRAIN_POOL_FULL: {
    cause: "a task was submitted to a pool whose queue is full, with whenFull: 'refuse'",
    remedy: 'wait for pool.room() before the next, shed the load, or make the queue longer',
  },
  DRAIN_TASK_RETURNED: {
    cause: 'a task was still queued when its pool was drained; it was not begun',
    remedy: 'put it where it is done later: give the message back, keep the row, submit it elsewhere',
  },
  DRAIN_SERVER_INVALID: {
    cause: 'attach() was given something that is not a node:http, node:https or node:http2 server',
    remedy: 'pass what http.createServer() or app.listen() returned',
  },
  DRAIN_HEALTH_PORT: {
    cause: 'the port of the health routes could not be listened on',
    remedy: 'give health.port (DRAIN_HEALTH_PORT) a free port of its own, not the one of the app',
  },
  DRAIN_ALREADY_REGISTERED: {
    cause: 'the drain plugin was registered twice on the same Fastify instance',
    remedy: 'register it once, at the root; use app.drain everywhere else',
  },
  DRAIN_PROCESS_INVALID: {
    cause: 'child() or thread() was given something that is none, or a signal or timeout that is none',
    remedy: 'pass what spawn(), fork() or new Worker() returned, and the name of a signal',
  },
  DRAIN_PROCESS_FAILED: {
    cause: 'a child process, thread or cluster worker was told to end, and ended with an error',
    remedy: 'look at what it printed itself',
  },
  DRAIN_PROCESS_KILLED: {
    cause: 'a child process or thread did not end within its time, and was killed',
    remedy: 'have it end when it is told to, or give it more time with { timeout }',
  },
  DRAIN_WORKER_FAILED: {
    cause: 'a cluster worker ended, or its time was up, before it was ready',
    remedy: "look at what it printed itself; it is ready when its server listens, or when it sends 'ready'",
  },
  DRAIN_RELOAD_FAILED: {
    cause: 'a rolling reload was given up, because a new worker did not become ready or a drain began',
    remedy: 'the old workers go on; mend what the cause says, and reload again',
  },
  DRAIN_DRAINING: {
    cause: 'the drain has begun (the reason of drain.signal)',
    remedy: 'finish soon: end streams, answer long polls, take no new work',
  },
  DRAIN_DEADLINE: {
    cause: 'the drain deadline has passed with work in flight (the reason of drain.forceSignal)',
    remedy: 'answer now with something that the client can retry; what is left is destroyed shortly after',
  },
};

/** The one error class of drainkit. Narrow on `code`. */
export class DrainError extends Error {
  override readonly name = 'DrainError';
  readonly code: DrainErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  /** What failed besides its `cause`: of a `DRAIN_START_FAILED`, other components, and those that did not close again. */
  readonly errors: readonly unknown[];

  /** @param detail - what exactly was wrong; the row's own cause where omitted. */
  constructor(
    code: DrainErrorCode,
    detail?: string,
    options?: ErrorOptions & { readonly errors?: readonly unknown[] },
  ) {
    const { cause, remedy } = DRAIN_ERRORS[code];
    super(`${detail ?? cause} (${code}: ${remedy})`, options);
    this.code = code;
    this.remedy = remedy;
    this.errors = options?.errors ?? [];
  }
}
