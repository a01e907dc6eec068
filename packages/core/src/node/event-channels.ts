import { channel, type Channel } from 'node:diagnostics_channel';
import type { Drain } from '../drain.ts';
import type { DrainEvent, DrainEventType } from '../drain-event.ts';

/** What is published on a channel. */
export interface DrainMessage {
  readonly event: DrainEvent;
  readonly drain: Drain;
}

const TYPES = Object.keys({
  trigger: true,
  phase: true,
  readiness: true,
  check: true,
  warning: true,
  deadline: true,
  destroyed: true,
  resource: true,
  component: true,
  part: true,
  fault: true,
  lingering: true,
  report: true,
} satisfies Record<DrainEventType, true>) as DrainEventType[];

const CHANNELS = Object.fromEntries(TYPES.map((type) => [type, channel(`drainkit:${type}`)])) as Record<
  DrainEventType,
  Channel
>;

/** The names of the channels of `node:diagnostics_channel`, one for each type of event: `drainkit:phase`, … */
export const EVENT_CHANNELS: readonly string[] = TYPES.map((type) => `drainkit:${type}`);

/** Publishes each event of a drain on the channel of its type, where anybody listens there. */
export function publishEvents(drain: Drain): void {
  drain.onAny((event) => {
    const ofType = CHANNELS[event.type];
    if (ofType.hasSubscribers) ofType.publish({ event, drain } satisfies DrainMessage);
  });
}
