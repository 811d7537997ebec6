/** Tells a restart owner other than the watcher that a daemon is hung, so that it restarts it by its own rules. */
import type { DaemonSpec } from '../core/daemon.js';
import type { ProcessIdentity } from '../core/process-identity.js';

export interface Condemner {
  /**
   * @param process the one that failed its check: no other is touched
   * @param reason what the check said
   * @returns what was done, for people. Never rejects.
   */
  condemn(spec: DaemonSpec, process: ProcessIdentity, reason: string): Promise<string>;
}
