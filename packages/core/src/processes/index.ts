export type { ChildOptions } from './child.ts';
export { ClusterPrimary, createPrimary } from './cluster-primary.ts';
export type { CompanionOptions } from './companion.ts';
export type { PrimaryEvent } from './primary-event.ts';
export type { PrimaryOptions } from './primary-options.ts';
export { ProcessDrain } from './process-drain.ts';
export { notifySystemd, type SystemdOptions } from './systemd.ts';
export type { ThreadOptions } from './thread.ts';
