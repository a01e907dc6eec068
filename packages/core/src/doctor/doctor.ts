import { EXIT_MARGIN } from '../plan/budget.ts';
import type { DrainPlan } from '../plan/drain-plan.ts';
import { drainWarning, type DrainWarning } from './drain-warning.ts';
import { formatDuration } from '../plan/duration.ts';
import type { ProcessFacts } from '../host.ts';

/** What the doctor looks at. */
export interface DoctorFacts extends ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `keepAliveTimeout` of each server, in milliseconds; 0 for one that never closes idle connections. */
  readonly keepAliveTimeouts: readonly number[];
  /** The registered resources. */
  readonly resources: readonly { readonly name: string; readonly timeout: number }[];
  /** What keeps the process alive, by kind. */
  readonly handles: readonly string[];
}

/** What pm2 gives from the signal to SIGKILL, in milliseconds, where `kill_timeout` says nothing else. */
const PM2_KILL_TIMEOUT = 1_600;

/** Looks for what works today and will cost somebody a night. Pure: facts in, warnings out, without those that are silenced. */
export function diagnose(plan: DrainPlan, facts: DoctorFacts): DrainWarning[] {
  const found = [
    ...keepAlive(plan, facts),
    ...pm2(plan, facts),
    ...resourceTimeouts(plan, facts),
    ...signalListeners(facts),
    ...firstProcess(plan, facts),
    ...resources(facts),
  ];
  return found.filter(({ code }) => !plan.silence.includes(code));
}

/** Only where there is likely to be a balancer: everybody's laptop has Node's 5 s. */
function* keepAlive({ balancerIdleTimeout }: DrainPlan, facts: DoctorFacts): Iterable<DrainWarning> {
  const shortest = Math.min(...facts.keepAliveTimeouts.filter((ms) => ms > 0));
  if (!isDeployed(facts) || shortest > balancerIdleTimeout || shortest === Infinity) return;
  const [own, theirs] = [formatDuration(shortest), formatDuration(balancerIdleTimeout)];
  yield drainWarning(
    'keep-alive-timeout',
    `a server closes idle connections after ${own}, a balancer that keeps them for ${theirs} will send requests on closed ones`,
  );
}

function isDeployed({ env, pid }: DoctorFacts): boolean {
  return env['NODE_ENV'] === 'production' || pid === 1 || env['KUBERNETES_SERVICE_HOST'] !== undefined;
}

function* pm2({ gracePeriod }: DrainPlan, { env }: DoctorFacts): Iterable<DrainWarning> {
  if (env['pm_id'] === undefined) return;
  const said = Number(env['kill_timeout'] ?? NaN);
  const killTimeout = Number.isFinite(said) ? said : PM2_KILL_TIMEOUT;
  if (gracePeriod <= killTimeout) return;
  const [own, theirs] = [formatDuration(gracePeriod), formatDuration(killTimeout)];
  yield drainWarning('pm2-kill-timeout', `gracePeriod is ${own}, and pm2 sends SIGKILL after ${theirs}`);
}

function* resourceTimeouts(plan: DrainPlan, facts: DoctorFacts): Iterable<DrainWarning> {
  const left = plan.gracePeriod - plan.window - plan.deadline - plan.forceGrace - EXIT_MARGIN;
  for (const { name, timeout } of facts.resources) {
    if (timeout === Infinity || timeout <= Math.max(left, plan.closeTimeout)) continue;
    const [own, there] = [formatDuration(timeout), formatDuration(left)];
    yield drainWarning(
      'resource-timeout',
      `resource '${name}' may take ${own}, and a drain that uses up its deadline leaves ${there} for closing`,
    );
  }
}

function* signalListeners({ otherListeners }: DoctorFacts): Iterable<DrainWarning> {
  for (const [signal, count] of Object.entries(otherListeners)) {
    if (count === 0) continue;
    const who = count === 1 ? 'something else listens' : `${count} others listen`;
    yield drainWarning('signal-listeners', `${who} for ${signal}, and may end the process in the middle of the drain`);
  }
}

function* firstProcess({ signals }: DrainPlan, facts: DoctorFacts): Iterable<DrainWarning> {
  const { env, pid, parentPid, hasTerminal } = facts;
  const nodeEnv = env['NODE_ENV'];
  if (pid === 1 && nodeEnv !== 'production')
    yield drainWarning(
      'node-env',
      `the process is a container's first and NODE_ENV is ${nodeEnv === undefined ? 'not set' : `'${nodeEnv}'`}`,
    );
  if (parentPid === 1 && env['npm_lifecycle_event'] !== undefined) yield drainWarning('npm-start');
  if (pid === 1 && hasTerminal && signals.SIGHUP === undefined) yield drainWarning('terminal-at-pid-1');
}

function* resources({ resources: registered, handles }: DoctorFacts): Iterable<DrainWarning> {
  const names = registered.map(({ name }) => name);
  for (const name of new Set(names.filter((candidate, index) => names.indexOf(candidate) !== index)))
    yield drainWarning('resource-twice', `several resources are registered under the name '${name}'`);
  const sockets = handles.filter((handle) => handle === 'TCPSocketWrap' || handle === 'TLSWrap').length;
  if (names.length > 0 || sockets === 0) return;
  const what = sockets === 1 ? 'a connection to another server is' : `${sockets} connections to other servers are`;
  yield drainWarning('no-resource', `${what} open, and no resource is registered: the drain closes none of them`);
}
