/**
 * A state board that outlives a full or read-only /run: what could not be
 * written is withdrawn if that is possible, and written later. Until then there
 * is no heartbeat either, so that readers soon ask the watcher itself instead of
 * believing what is out of date. Without this the watcher would end, and what
 * then died would stay dead wherever nobody starts watchers.
 */
import { WatchkeeperError } from '../core/errors.js';
import type { StateBoard } from '../ports/state-board.js';

/** @param failed is told once for each time of need, not for each file */
export function patientBoard(board: StateBoard, failed: (error: WatchkeeperError) => void): StateBoard {
  const owed = new Map<string, Parameters<StateBoard['publish']>>();

  return {
    publish(...entry) {
      const [{ name }] = entry;
      try {
        board.publish(...entry);
        owed.delete(name);
      } catch (error) {
        if (!(error instanceof WatchkeeperError)) throw error;
        if (owed.size === 0) failed(error);
        owed.set(name, entry);
        try {
          board.withdraw(name);
        } catch {
          // On a read-only file system it stays, and is out of date as soon as the last heartbeat is.
        }
      }
    },
    withdraw(name) {
      owed.delete(name);
      board.withdraw(name);
    },
    heartbeat() {
      for (const entry of [...owed.values()]) {
        board.publish(...entry);
        owed.delete(entry[0].name);
      }
      board.heartbeat();
    },
    close() {
      owed.clear();
      board.close();
    },
  };
}
