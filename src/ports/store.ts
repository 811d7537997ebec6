/** What must outlive a process: the operator's intent. */
import type { DesiredRecord } from '../core/desired-state.js';

export interface DesiredStateStore {
  /** Always from the disk: daemon-util may have written since. Rubbish reads as undefined, and is reported. */
  read(name: string): DesiredRecord | undefined;
  /** Durable when it returns: write, fsync, rename, fsync of the directory. */
  write(name: string, record: DesiredRecord): void;
  /** Many at once, which costs a fraction of as many writes. Durable when it resolves; where it fails, some may be. */
  writeAll(records: ReadonlyMap<string, DesiredRecord>): Promise<void>;
}
