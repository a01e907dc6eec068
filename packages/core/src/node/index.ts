export { createDrain } from './create-drain.ts';
export type { RequestSignals } from './request-signals.ts';
export { EVENT_CHANNELS, type DrainMessage } from './event-channels.ts';
export { HttpDrain } from './http-drain.ts';
export type { HealthServer, RouteHandler } from './health-server.ts';

export { requestKey, type RequestKey, type Routes } from './routes.ts';
export { processHost } from './process-host.ts';
export type { EventStream, EventStreamOptions } from './event-stream-drainable.ts';
export type { EngineClientLike, EngineLike, SocketIoServerLike } from './socket-io-server.ts';
export type { WebSocketLike, WebSocketServerLike } from './websocket-drainable.ts';
export type { WebSocketOptions } from './websocket-options.ts';
