/** Follows daemons that another restart owner (systemd) drives, without polling. */
import type { DaemonSpec } from '../core/daemon.js';
import type { Observation } from '../core/observation.js';
import type { Cancel } from './process-table.js';

export interface ObserverEvents {
  /** Once for each daemon at first, then at each change of what Observation holds. */
  observed(name: string, observation: Observation): void;
  /** The connection to the service manager is gone or back; after `true` everything is read anew. */
  connection(connected: boolean, reason: string): void;
  /** The service manager has read its configuration anew. */
  reloaded?(): void;
}

export interface Observer {
  /** Keeps on trying to connect, with a growing delay, until it is cancelled. */
  follow(specs: readonly DaemonSpec[], events: ObserverEvents): Cancel;
}
