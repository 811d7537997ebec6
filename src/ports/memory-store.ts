/** Supervision's memory of failures: lives as long as the boot, so that a new watcher goes on as the old one would. */
import type { Memory } from '../core/supervision-state.js';

export interface MemoryStore {
  /** undefined: none, or rubbish. */
  read(name: string): Memory | undefined;
  write(name: string, memory: Memory): void;
}
