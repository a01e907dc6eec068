import type { ComponentOptions } from '@drainkit/core';

/** What this needs of OpenTelemetry: a NodeSDK, or a provider of traces, metrics or logs. */
export interface Telemetry {
  shutdown(): Promise<void>;
}

/**
 * OpenTelemetry, flushed last. Register it first of all: what happens while everything else closes is recorded too.
 *
 * It has a bound of its own. An exporter that cannot reach its collector tries for 10 s and more, while the pod is going.
 */
export function telemetry(sdk: Telemetry): ComponentOptions {
  return { name: 'telemetry', stop: '3s', close: () => sdk.shutdown() };
}
