/** What became of each daemon: kept across boots and power cuts, bounded in size. */
import type { HistoryEntry, HistoryInterval, HistoryRecord } from '../core/history.js';

export interface History {
  /** Its state from now on; the same again costs nothing. */
  record(entry: HistoryEntry): void;
  /** Nobody sees it any more. */
  unseen(daemon: string, at: number): void;
  /** The watcher is at work; to be said again and again. */
  alive(at: number): void;
  /**
   * By name, the oldest first. What no interval covers is not known. Reads the
   * store: for a question, not for a loop.
   * @param from ms since the epoch
   * @param now ms since the epoch
   */
  intervals(from: number, now: number): ReadonlyMap<string, readonly HistoryInterval[]>;
}

/** For whoever wants to know it all along. */
export interface FollowedHistory {
  /**
   * Tells all that is kept, the oldest first, in portions that leave everybody
   * else their turn, and from then on each record as it comes.
   * @returns when it has caught up; rejects if the store can't be read
   */
  follow(callback: (record: HistoryRecord) => void): Promise<void>;
}
