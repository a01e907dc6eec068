import { OPTION_ROWS, type OptionRow } from './drain-options.ts';
import type { DrainPlan } from './drain-plan.ts';
import { nearest } from './nearest.ts';

/** What Kubernetes adds for each Service, under the Service's own name: for one that is called `drain` it begins as ours do. */
const SERVICE_NAME =
  /(?:^|_)(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/** The value of `DRAIN_PORT`, or of `DRAIN_HEALTH_PORT` for a Service that is called `drain-health`. */
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/**
 * Reads options from environment variables whose names start with `prefix`. An empty variable counts as absent.
 * Those of a Kubernetes Service are not for us. Calls `take` for each value; adds a line to `problems` for each variable that is unknown or whose value is not allowed.
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
  take: (key: keyof DrainPlan, value: unknown) => void,
  problems: string[],
): void {
  const rows = new Map(
    (Object.entries(OPTION_ROWS) as [keyof DrainPlan, OptionRow][]).map(([key, row]) => [
      prefix + row.env,
      { key, row },
    ]),
  );
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || text === undefined) continue;
    if (typeof text !== 'string') {
      problems.push(`${name} is ${typeof text}; allowed: text`);
      continue;
    }
    if (text.trim() === '' || isOfService(name.slice(prefix.length), text)) continue;
    const found = rows.get(name);
    if (found === undefined) {
      const meant = nearest(name, [...rows.keys()]);
      problems.push(`${name} is no variable of drainkit${meant === undefined ? '' : `; did you mean ${meant}?`}`);
      continue;
    }
    const value = found.row.kind.parseText(text.trim());
    if (value === undefined) problems.push(`${name} is '${text}'; allowed: ${found.row.kind.form}`);
    else take(found.key, value);
  }
}

function isOfService(name: string, text: string): boolean {
  return SERVICE_NAME.test(name) || (/(?:^|_)PORT$/.test(name) && SERVICE_URL.test(text));
}
