import type { Drain } from '../drain.ts';
import { DrainError } from '../drain-error.ts';
import { show } from '../plan/drain-plan.ts';
import { DURATION_FORM, parseDuration, type Duration } from '../plan/duration.ts';
import type { Clock } from '../host.ts';
import { hasReached } from '../phase.ts';
import { CompanionDrainable } from './companion-drainable.ts';

/** Something that runs beside this process, ends by itself when it is told to, and can be ended by force. */
export interface Companion {
  /** Unique in its process: it holds an id. */
  readonly name: string;
  /** Tells it to end. */
  readonly tell: () => void;
  /** Ends it. */
  readonly kill: () => void;
  /** Fulfilled when it has ended, with what went wrong where something did. Never rejects. */
  readonly ended: Promise<DrainError | undefined>;
}

export interface CompanionOptions {
  /** For the report, which adds the id. */
  readonly name?: string;
  /**
   * How long it may take to end once it is told to; then it is killed, and named in the report. Milliseconds or `'5s'`.
   *
   * @default the plan's closeTimeout; in the phases before `closing`, what is left until the deadline
   */
  readonly timeout?: Duration;
  /**
   * When it is told to end:
   * - `closing`: in its turn among the resources, when nothing is in flight any more that could need it
   * - `announcing`: as soon as the drain begins, and is then work in flight: for one that takes work of its own
   * - `draining`: the same, after the window
   *
   * @default 'closing'
   */
  readonly phase?: 'announcing' | 'draining' | 'closing';
}

/** Has a drain end a companion. One that ends by itself before is forgotten. */
export function drainCompanion(drain: Drain, companion: Companion, options: CompanionOptions, clock: Clock): void {
  const { phase = 'closing', timeout } = options;
  if (phase === 'closing') drainAsResource(drain, companion, timeout);
  else drainAsWork(drain, companion, phase, timeout, clock);
}

function drainAsResource(drain: Drain, companion: Companion, timeout: Duration | undefined): void {
  const close = async (): Promise<void> => {
    companion.tell();
    const failure = await companion.ended;
    if (failure !== undefined) throw failure;
  };
  const resource = drain.resource(companion.name, close, timeout === undefined ? {} : { timeout });
  // Skipped: no time was left to begin, or the process is ended at once.
  const stop = drain.on('resource', ({ resource: { name, outcome } }) => {
    if (name === companion.name && (outcome === 'hung' || outcome === 'skipped')) companion.kill();
  });
  const forget = (): void => {
    resource.forget();
    stop();
  };
  void companion.ended.then(forget);
}

function drainAsWork(
  drain: Drain,
  companion: Companion,
  phase: 'announcing' | 'draining',
  said: Duration | undefined,
  clock: Clock,
): void {
  const timeout = said === undefined ? undefined : parseDuration(said);
  if (said !== undefined && timeout === undefined) {
    const detail = `the timeout of ${companion.name} is ${show(said)}; allowed: ${DURATION_FORM}`;
    throw new DrainError('DRAIN_PROCESS_INVALID', detail);
  }
  const drainable = new CompanionDrainable(companion, phase, timeout, clock);
  drain.add(drainable);
  const onEnded = (failure: DrainError | undefined): void => {
    const error = drainable.overdue ?? failure;
    if (!drainable.told) drain.remove(drainable);
    else if (error !== undefined && !drainable.aborted) reportFailure(drain, companion.name, error);
  };
  void companion.ended.then(onEnded);
}

/** Names, in the report of a drain that is under way, what has ended badly: as a resource that failed to close. */
export function reportFailure(drain: Drain, name: string, error: DrainError): void {
  if (hasReached(drain.phase, 'closed')) return;
  drain.resource(name, () => {
    throw error;
  });
}
