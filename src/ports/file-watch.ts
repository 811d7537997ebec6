/** Tells when files change that others write: by rename, in place, or by making and removing them. */
import type { Cancel } from './process-table.js';

export interface FileWatch extends Cancel {
  /** Directories that are new, or others by now, are watched from now on. To be called now and then: where a directory is missing, nobody tells of it. */
  renew(): void;
}

export interface FileWatcher {
  /** @param changed called soon after a change, once for several at a time; the files need not exist */
  watch(paths: readonly string[], changed: () => void): FileWatch;
}
