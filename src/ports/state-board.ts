/** One short line per daemon for readers that must not fork; see docs/architecture.md. */
import type { DaemonStatus } from '../core/daemon-status.js';
import type { ProcessIdentity } from '../core/process-identity.js';

export interface StateBoard {
  /** @param isBarred a start of it fails, even while it runs */
  publish(status: DaemonStatus, process: ProcessIdentity | undefined, isBarred?: boolean): void;
  withdraw(name: string): void;
  /** Says that the watcher's loop turns. */
  heartbeat(): void;
  /** Withdraws everything: readers ask somebody else from now on. */
  close(): void;
}
