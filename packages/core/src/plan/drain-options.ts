import type { DrainLogger } from '../drain-logger.ts';
import type { DrainPlan } from './drain-plan.ts';
import { DRAIN_WARNINGS, type WarningCode } from '../doctor/drain-warning.ts';
import type { Duration } from './duration.ts';
import type { Host } from '../host.ts';
import {
  address,
  choice,
  count,
  DEFAULT_SIGNALS,
  duration,
  path,
  port,
  reportTarget,
  signals,
  someOf,
  toggle,
  type OptionKind,
  type SignalMode,
  type SignalName,
} from './option-kind.ts';

/** What a user may say. Everything has a default; the environment wins over what is said here. */
export interface DrainOptions {
  /** Whether to drain at all. `false` leaves the health routes and nothing else. @default true */
  readonly enabled?: boolean;
  /**
   * How long to go on serving after readiness has turned 503, so that load balancers notice: milliseconds or `'5s'`; or an
   * object, for a window that ends as soon as they have noticed. @default '5s'
   */
  readonly window?: Duration | AdaptiveWindow;
  /** How long in-flight work may take, counted from the end of the window. Milliseconds or `'10s'`. @default what the grace period leaves, a second at least: 19 s */
  readonly deadline?: Duration;
  /** How long handlers have, after the deadline, to answer with something that a client can retry. Milliseconds or `'500ms'`. @default '500ms' */
  readonly forceGrace?: Duration;
  /**
   * For how long no work that `track` and `enter` count may have been running for the drain to go on: until then such work is
   * still taken on, so that a job can leave another behind. Milliseconds or `'1s'`. @default 0: refused once draining
   */
  readonly quietPeriod?: Duration;
  /** How long one resource may take to close, unless it is registered with a timeout of its own. Milliseconds or `'5s'`. @default '5s' */
  readonly closeTimeout?: Duration;
  /**
   * How long, once everything is closed, the process waits for the metrics to be scraped once more (see docs/metrics.md). 0 for
   * not at all. Milliseconds or `'15s'`. @default 0
   */
  readonly lastScrape?: Duration;
  /** What the platform gives from the signal to SIGKILL. The process is gone a quarter of a second before it. Milliseconds or `'30s'`. @default '30s' */
  readonly gracePeriod?: Duration;
  /** How long, once draining, a connection may be silent in the middle of sending a request. Milliseconds or `'2s'`. @default '2s' */
  readonly stallTimeout?: Duration;
  /** Which signals begin a drain, with the window or at once; `false` for none. Merged over the default. @default { SIGTERM: 'window', SIGINT: 'at-once' } */
  readonly signals?: Readonly<Partial<Record<SignalName, SignalMode | false>>> | false;
  /** Whether an uncaught exception or unhandled rejection begins a drain (no window, exit code 1). @default true */
  readonly faults?: boolean;
  /** Whether to end the process after the drain. @default true */
  readonly exit?: boolean;
  /** When readiness turns 503: at the signal, after the window, or never. @default 'at-signal' */
  readonly readiness?: 'at-signal' | 'after-window' | 'never';
  /**
   * How clients are told to leave in the window: each with its next response, or a share of them that grows with the window,
   * so that thousands do not come back at once. At its end each is told. @default 'at-once'
   */
  readonly connectionClose?: 'at-once' | 'ramp';
  /** What happens to a request that comes on an open connection after the window: served, or 503 with Retry-After. @default 'serve' */
  readonly lateRequests?: 'serve' | 'refuse';
  /** Whether requests are refused with 503 and Retry-After from the signal on. Drops requests wherever the balancer has not noticed yet. @default false */
  readonly refuseDuringWindow?: boolean;
  /** What Retry-After says, rounded up to whole seconds. Milliseconds or `'1s'`. @default '1s' */
  readonly retryAfter?: Duration;
  /** The health routes: where they are, and what they say; `false` for none. @default { ready: '/ready', live: '/healthz', startup: '/startup' } */
  readonly health?: HealthOptions | false;
  /** Where the report goes besides the log, as a line of JSON: to `'stdout'`, or appended to a file, whose path has a slash in it. @default false */
  readonly report?: string | false;
  /** The warnings that are not to be given at startup, by code, or `'all'`. @default none */
  readonly silence?: readonly WarningCode[] | 'all' | false;
  /** For how long the balancer keeps idle connections to this server; the doctor warns of a server that keeps them less long. Milliseconds or `'60s'`. @default '60s' */
  readonly balancerIdleTimeout?: Duration;
  /** Where the log lines go; `false` for nowhere. @default pino, or Fastify's own logger; none with `@drainkit/core/node` */
  readonly logger?: DrainLogger | false;
  /** The environment that options are read from; `false` for none. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | false;
  /** What the names of environment variables start with. @default 'DRAIN_' */
  readonly envPrefix?: string;
  /** Time, signals and exit. Tests pass `fakeHost()` of `@drainkit/testing`. @default the real process */
  readonly host?: Host;
}

/** A window that lasts until the load balancers have noticed: from `min`, to `max` while traffic keeps coming. */
export interface AdaptiveWindow {
  /** The shortest it may be. Milliseconds or `'1s'`. @default `max`: it does not end early */
  readonly min?: Duration;
  /** The longest it may be. Milliseconds or `'10s'`. @default '5s' */
  readonly max?: Duration;
  /** For how long no request but probes may have come; only with a `min`. Milliseconds or `'1s'`. @default '1s' */
  readonly quiet?: Duration;
  /** How often a balancer that probes must have been told 503; only with a `min`, and readiness `'at-signal'`. @default 3 */
  readonly probeFailures?: number;
}

/** The health routes. Paths are exact; `false` for no such route. */
export interface HealthOptions {
  /** 200 while the server wants traffic. @default '/ready' */
  readonly ready?: string | false;
  /** 200 as long as the process answers. @default '/healthz' */
  readonly live?: string | false;
  /** 200 once the server has been ready for the first time. @default '/startup' */
  readonly startup?: string | false;
  /**
   * A port of their own, on which they answer until the very end; they are then not on the app's. 0 for any that is free.
   * @default false
   */
  readonly port?: number | false;
  /** Whether answers say what came of each check. Only for a port that nobody outside can reach. @default false */
  readonly details?: boolean;
  /** The address to listen on; only with a `port`; `'*'` for every one. @default '*' */
  readonly host?: string;
}

/** One option that a plan is made of, as code, environment and docs name it. */
export interface OptionRow<Value = unknown> {
  /** `window`, `health.ready` */
  readonly option: string;
  /** The environment variable without its prefix: `WINDOW`, `READY_PATH`. */
  readonly env: string;
  readonly kind: OptionKind<Value>;
  /** `undefined`: it follows from the others. */
  readonly fallback: Value | undefined;
}

function row<Value>(
  option: string,
  env: string,
  kind: OptionKind<Value>,
  fallback: Value | undefined,
): OptionRow<Value> {
  return { option, env, kind, fallback };
}

/** Every option of a plan. The tables in the docs hold the same rows; a test keeps them equal. */
export const OPTION_ROWS: { readonly [Key in keyof DrainPlan]: OptionRow<DrainPlan[Key]> } = {
  enabled: row('enabled', 'ENABLED', toggle, true),
  window: row('window', 'WINDOW', duration, 5_000),
  windowMin: row('window.min', 'WINDOW_MIN', duration, undefined),
  windowQuiet: row('window.quiet', 'WINDOW_QUIET', duration, 1_000),
  windowProbeFailures: row('window.probeFailures', 'WINDOW_PROBE_FAILURES', count, 3),
  deadline: row('deadline', 'DEADLINE', duration, undefined),
  forceGrace: row('forceGrace', 'FORCE_GRACE', duration, 500),
  quietPeriod: row('quietPeriod', 'QUIET_PERIOD', duration, 0),
  closeTimeout: row('closeTimeout', 'CLOSE_TIMEOUT', duration, 5_000),
  lastScrape: row('lastScrape', 'LAST_SCRAPE', duration, 0),
  gracePeriod: row('gracePeriod', 'GRACE_PERIOD', duration, 30_000),
  stallTimeout: row('stallTimeout', 'STALL_TIMEOUT', duration, 2_000),
  signals: row('signals', 'SIGNALS', signals, DEFAULT_SIGNALS),
  faults: row('faults', 'FAULTS', toggle, true),
  exit: row('exit', 'EXIT', toggle, true),
  readiness: row('readiness', 'READINESS', choice(['at-signal', 'after-window', 'never']), 'at-signal'),
  connectionClose: row('connectionClose', 'CONNECTION_CLOSE', choice(['at-once', 'ramp']), 'at-once'),
  lateRequests: row('lateRequests', 'LATE_REQUESTS', choice(['serve', 'refuse']), undefined),
  refuseDuringWindow: row('refuseDuringWindow', 'REFUSE_DURING_WINDOW', toggle, false),
  retryAfter: row('retryAfter', 'RETRY_AFTER', duration, 1_000),
  readyPath: row('health.ready', 'READY_PATH', path, '/ready'),
  livePath: row('health.live', 'LIVE_PATH', path, '/healthz'),
  startupPath: row('health.startup', 'STARTUP_PATH', path, '/startup'),
  healthDetails: row('health.details', 'HEALTH_DETAILS', toggle, false),
  healthPort: row('health.port', 'HEALTH_PORT', port, false),
  healthHost: row('health.host', 'HEALTH_HOST', address, '*'),
  report: row('report', 'REPORT', reportTarget, false),
  silence: row('silence', 'SILENCE', someOf(Object.keys(DRAIN_WARNINGS) as WarningCode[]), []),
  balancerIdleTimeout: row('balancerIdleTimeout', 'BALANCER_IDLE_TIMEOUT', duration, 60_000),
};

/** Options that are not part of the plan: where to read it from, and whom to tell. */
export const PLAIN_OPTIONS: readonly string[] = ['logger', 'env', 'envPrefix', 'host'];
