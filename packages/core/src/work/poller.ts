import { readDuration, readObject } from '../plan/argument.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import type { FailurePolicy } from '../components/component.ts';
import type { ComponentSet } from '../components/component-set.ts';
import { DrainError } from '../drain-error.ts';
import type { Duration } from '../plan/duration.ts';
import type { SleepSet } from './sleep-set.ts';
import type { WorkTracker } from './work-tracker.ts';

export interface PollOptions {
  /** The time between the end of one run and the beginning of the next. Milliseconds or `'5s'`. */
  readonly every: Duration;
  /**
   * What follows when a run fails, apart from the next one: `ignore`, `unready` until one succeeds, or `drain`. A row of
   * failures is one failure, told by the event `component`. @default 'ignore'
   */
  readonly onFailure?: FailurePolicy;
  /** Waits that grow with each failure in a row, in place of `every`. @default none */
  readonly backoff?: BackoffOptions;
}

/** What a run is given. */
export interface PollContext {
  /** Aborted when the drain begins, or the poller is stopped: there is no next run. This one may finish. */
  readonly signal: AbortSignal;
}

/** Something that is run again and again until the drain begins. */
export interface Poller {
  readonly name: string;
  /** Resolves when the last run is over. Never rejects. */
  readonly done: Promise<void>;
  /** Begins no other run. Resolves as `done` does. */
  stop(): Promise<void>;
}

/** What a poller needs of its drain. */
export interface PollerOwner {
  readonly sleeps: SleepSet;
  readonly tracker: WorkTracker;
  readonly components: ComponentSet;
}

/**
 * Runs `run` until the drain begins, one run at a time. Each is in-flight work under the poller's name. One that answers
 * `true` is followed by the next at once: there is more to do.
 *
 * @throws DrainError `DRAIN_ARGUMENT_INVALID`, `DRAIN_COMPONENT_INVALID`
 */
export function startPoller(
  { sleeps, tracker, components }: PollerOwner,
  name: string,
  run: (context: PollContext) => unknown,
  options: PollOptions,
): Poller {
  const { every, onFailure = 'ignore', backoff } = readObject('the options of a poller', options);
  const pause = readDuration('every', every);
  const waits = backoff === undefined ? undefined : new Backoff({ first: pause, ...backoff });
  const stopping = new AbortController();
  const component = components.add({
    name,
    onFailure,
    quiesce: () => stopping.abort(new DrainError('DRAIN_DRAINING')),
  });
  const { signal } = stopping;

  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted && !sleeps.isOver) {
      let wait = pause;
      try {
        const isMore = (await tracker.track(() => run({ signal }), name)) === true;
        failures = 0;
        component.recover();
        if (isMore) wait = 0;
      } catch (error) {
        failures += 1;
        component.fail(error);
        wait = waits?.wait(failures) ?? pause;
      }
      if (!(await sleeps.sleep(wait, signal))) return;
    }
  };
  const done = loop().finally(() => component.forget());
  return {
    name,
    done,
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}
