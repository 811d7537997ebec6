/** Compares what the service manager has of the daemons with what the catalogue makes of them. */
import type { DaemonSpec } from '../core/daemon.js';

export interface DriftInspector {
  /** What differs, in words with a next step, by the daemon's name; only those with something to say. Reads only. */
  inspect(specs: readonly DaemonSpec[]): Promise<ReadonlyMap<string, readonly string[]>>;
}
