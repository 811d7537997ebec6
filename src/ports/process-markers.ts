/**
 * Finds processes by the variable WATCHKEEPER_DAEMON=NAME that each daemon gets
 * at its start. It is the net below claims and pid files: what was started and
 * not written down (a watcher killed in between) is found all the same.
 */
import type { ProcessIdentity } from '../core/process-identity.js';

export const MARKER_VARIABLE = 'WATCHKEEPER_DAEMON';

export interface MarkedProcess {
  readonly process: ProcessIdentity;
  readonly parent: number;
  readonly session: number;
}

export interface ProcessMarkers {
  /** Live processes by the daemon's name that they carry; one pass over all processes. */
  marked(): ReadonlyMap<string, readonly MarkedProcess[]>;
}
