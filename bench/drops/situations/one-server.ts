import { setTimeout as sleep } from 'node:timers/promises';
import { spawnApp, type SpawnedApp } from '@drainkit/testing';
import { terminate, type Ending, type Terminating } from '../ending.ts';
import { serverOf, type Peer } from '../peer.ts';

/** How long a server may take before it is counted as one that never exits, in milliseconds. */
export const CAP = 20_000;

/** The window of the situations in which nobody's requests are counted, in milliseconds. */
export const SHORT_WINDOW = 500;

export interface Course {
  /** What the app has open. */
  readonly resources?: string;
  /** What is done to the server before the signal. What it opens, it may leave to the exit of the server. */
  before?(app: SpawnedApp): Promise<void>;
  /** What is done to it after the signal. */
  after?(app: SpawnedApp): Promise<void>;
}

/** Starts a peer's server, sends SIGTERM, and tells how it ended. */
export async function endingOf(peer: Peer, course: Course): Promise<Ending> {
  await using app = await spawnApp(serverOf(peer), {
    env: { BENCH_WINDOW: String(SHORT_WINDOW), BENCH_RESOURCES: course.resources },
  });
  await course.before?.(app);
  // What was sent is there before the signal is.
  await sleep(200);
  const terminating: Terminating = terminate(app);
  await course.after?.(app);
  return await terminating.ending(CAP);
}
