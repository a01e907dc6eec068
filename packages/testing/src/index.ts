export { FakeClock } from './fake-clock.ts';
export { FakeHost, fakeHost } from './fake-host.ts';
export type { FakeHostOptions } from './fake-host.ts';

export { reached } from './phase-of.ts';
export type { PhaseSource, ReachedOptions } from './phase-of.ts';
export { eventually, within } from './eventually.ts';
export type { EventuallyOptions } from './eventually.ts';
export { TimedOutError } from './timed-out-error.ts';

export { RawClient } from './raw-client.ts';
export type { RawClientOptions, ResponseOptions } from './raw-client.ts';
export type { RawRequestOptions } from './raw-request.ts';
export type { ListeningServer, RawTarget } from './raw-target.ts';
export { MalformedResponseError } from './raw-response.ts';
export type { InformationalResponse, RawResponse } from './raw-response.ts';
export { HttpResponseParser } from './http-response-parser.ts';
export { RawClientError } from './raw-client-error.ts';
export type { ConnectionEnding, RawClientErrorReason } from './raw-client-error.ts';

export { freePort } from './free-port.ts';
export { spawnApp } from './spawn-app.ts';
export type { SpawnAppOptions } from './spawn-app.ts';
export { SpawnedApp } from './spawned-app.ts';
export type { AppExit } from './app-process.ts';
export type { LogLine } from './listening-address.ts';
