/**
 * Our own, root-only record of which process is a daemon's (RUNTIME/pids/NAME),
 * written before the daemon's program runs, so that no watcher's death can lose it.
 */
import type { ProcessIdentity } from '../core/process-identity.js';

export interface Claims {
  /** undefined: none, or rubbish. `startTicks` is undefined where only the pid could be written yet. */
  read(name: string): { pid: number; startTicks: number | undefined; writtenAt: number } | undefined;
  write(name: string, process: ProcessIdentity): void;
  remove(name: string): void;
}
