/** Pauses, kept across restarts and boots. */
import type { PauseLease } from '../core/pause.js';

export interface PauseStore {
  /** All that are kept, expired ones too; the pause file's as one more. Rubbish is reported and reads as none. */
  read(): readonly PauseLease[];
  /** Durable; the pause file is never written. @throws WatchkeeperError STATE_UNWRITABLE */
  write(leases: readonly PauseLease[]): void;
  /** Changes whenever what is kept may have changed; costs a stat(2) or two. */
  stamp(): string;
}
