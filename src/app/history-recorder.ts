/** A state board that writes down in the history what is published on it. */
import { ALIVE_INTERVAL } from '../core/history.js';
import type { Clock } from '../ports/clock.js';
import type { History } from '../ports/history.js';
import type { StateBoard } from '../ports/state-board.js';

/** Heartbeats are the watcher's signs of life here, too; one a minute is enough. */
export function recordedBoard(board: StateBoard, history: History, clock: Clock): StateBoard {
  let lastAlive = clock.monotonic();
  return {
    publish(status, process, isBarred) {
      board.publish(status, process, isBarred);
      const { name, observed, desired, paused } = status;
      history.record({ at: clock.wall(), daemon: name, state: observed, desired, paused: typeof paused === 'string' });
    },
    withdraw(name) {
      board.withdraw(name);
      history.unseen(name, clock.wall());
    },
    heartbeat() {
      board.heartbeat();
      if (clock.monotonic() - lastAlive < ALIVE_INTERVAL) return;
      lastAlive = clock.monotonic();
      history.alive(clock.wall());
    },
    close: () => board.close(),
  };
}
