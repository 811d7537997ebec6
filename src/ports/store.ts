/** What must outlive a process: the operator's intent, and the supervision's memory. */
import type { DesiredState } from '../core/daemon.js';

/** What the operator wants of a daemon, since when, and who said so. */
export interface DesiredRecord {
  readonly desired: DesiredState;
  /** ms since the epoch */
  readonly at: number;
  /** "daemon-util stop (uid 0, pid 4711)" */
  readonly by: string;
  /** The boot in which it was said. */
  readonly bootId: string;
}

export interface DesiredStateStore {
  /** Always from the disk: daemon-util may have written since. Rubbish reads as undefined, and is reported. */
  read(name: string): DesiredRecord | undefined;
  /** Durable when it returns: write, fsync, rename, fsync of the directory. */
  write(name: string, record: DesiredRecord): void;
}
