/** What must outlive a process: the operator's intent. */
import type { DesiredRecord } from '../core/desired-state.js';

export interface DesiredStateStore {
  /** Always from the disk: daemon-util may have written since. Rubbish reads as undefined, and is reported. */
  read(name: string): DesiredRecord | undefined;
  /** By name; of many at once it costs a fraction. Durable when it resolves: write, fsync, rename, fsync of the directory. Where it fails, some may be. */
  write(records: ReadonlyMap<string, DesiredRecord>): Promise<void>;
}
