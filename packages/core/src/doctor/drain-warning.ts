/** Every code that a warning can have. */
export type WarningCode =
  | 'keep-alive-timeout'
  | 'pm2-kill-timeout'
  | 'resource-timeout'
  | 'signal-listeners'
  | 'node-env'
  | 'npm-start'
  | 'terminal-at-pid-1'
  | 'resource-twice'
  | 'no-resource'
  | 'report-not-written';

/** Something that works today and will cost somebody a night. */
export interface DrainWarning {
  readonly code: WarningCode;
  /** What was found. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/**
 * Every warning, by code: what was found and what to do about it. docs/doctor.md has a section for each; a test keeps the two
 * equal.
 */
export const DRAIN_WARNINGS: Readonly<Record<WarningCode, { readonly cause: string; readonly remedy: string }>> = {
  'keep-alive-timeout': {
    cause: "a server closes idle connections before the balancer's own idle timeout",
    remedy: 'set keepAliveTimeout of the server above it, or balancerIdleTimeout to what the balancer has',
  },
  'pm2-kill-timeout': {
    cause: 'gracePeriod is longer than the time that pm2 gives before SIGKILL',
    remedy: 'raise kill_timeout in the ecosystem file, or set gracePeriod to it',
  },
  'resource-timeout': {
    cause: 'a resource has a longer timeout than a drain that uses up its deadline leaves for closing',
    remedy: 'shorten it, or leave more of gracePeriod for closing with a shorter deadline or a longer closeTimeout',
  },
  'signal-listeners': {
    cause: 'something else listens for a signal that begins the drain, and may end the process in the middle of it',
    remedy: 'remove the other handler, and close what it closes in a resource',
  },
  'node-env': {
    cause: "the process is a container's first and NODE_ENV is not production",
    remedy: 'set NODE_ENV=production: frameworks are slower without it and show stack traces to clients',
  },
  'npm-start': {
    cause: "the process is started by npm, which is the container's first process and may swallow the signal",
    remedy: 'start Node itself: CMD ["node", "server.js"]',
  },
  'terminal-at-pid-1': {
    cause: "the process is a container's first, stdin is a terminal, and SIGHUP begins no drain",
    remedy: "run the container detached, or set signals: { SIGHUP: 'at-once' } for whoever closes the terminal",
  },
  'resource-twice': {
    cause: 'resources are registered under the same name',
    remedy: 'register each once, where it is opened; give those that are different names of their own',
  },
  'no-resource': {
    cause: 'connections to other servers are open when the server begins to listen, and no resource is registered',
    remedy: "close their pool or client with drain.resource('name', () => pool.end())",
  },
  'report-not-written': {
    cause: 'the report could not be written to where it was to go',
    remedy: 'set report (DRAIN_REPORT) to a file that the process may write, or to stdout; it is in the log, too',
  },
};

/** A warning with what exactly was found; the row's own cause where `message` is omitted. */
export function drainWarning(code: WarningCode, message?: string): DrainWarning {
  const { cause, remedy } = DRAIN_WARNINGS[code];
  return { code, message: message ?? cause, remedy };
}
