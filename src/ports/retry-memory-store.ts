/** What a new watcher of the same boot must know of slow attempts, to go on as the old one would. */
import type { RetryMemory } from '../core/systemd-retry.js';

export interface RetryMemoryStore {
  /** undefined: none, or rubbish. */
  read(name: string): RetryMemory | undefined;
  write(name: string, memory: RetryMemory): void;
}
