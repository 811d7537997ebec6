/**
 * Proves that the state board has the last word of what is wanted, where others
 * than the watcher write that down: under systemd each command does. At each
 * heartbeat it looks whether a record has changed since, has the board told anew,
 * and sets the stamp's time to that of the look. scripts/status-line.sh believes
 * the board while the directory of the records is older than the stamp.
 */
import type { DaemonStatus } from '../core/daemon-status.js';
import { FILE_TIME_LAG } from '../core/file-time.js';
import type { Clock } from '../ports/clock.js';
import type { ClaimFile, ClaimGround } from '../ports/start-claim.js';
import type { StateBoard } from '../ports/state-board.js';

const TEXT = '1\n';

export interface WishStampParts {
  readonly clock: Pick<Clock, 'wall'>;
  readonly ground: ClaimGround;
  readonly file: ClaimFile;
  /** Where the records lie. */
  readonly directory: string;
}

export class WishStamp {
  readonly #told = new Map<string, string>();
  /** Of the directory, as it was at the last look; undefined: it may have changed since without a trace. */
  #seen: string | undefined;

  constructor(private readonly parts: WishStampParts) {}

  /** It is on the board now. */
  noted(status: DaemonStatus): void {
    this.#told.set(status.name, words(status));
  }

  forget(name: string): void {
    this.#told.delete(name);
  }

  /** Whether the board says of it what this says. */
  isTold(status: DaemonStatus): boolean {
    return this.#told.get(status.name) === words(status);
  }

  /** @param renew puts on the board what is not told there as it is now */
  look(renew: () => void): void {
    const { clock, ground, file, directory } = this.parts;
    const provenAt = clock.wall() - FILE_TIME_LAG;
    const state = ground.state(directory);
    if (state === undefined) {
      this.withdraw();
      return;
    }
    if (state.stamp !== this.#seen) renew();
    this.#seen = state.modified < provenAt ? state.stamp : undefined;
    file.publish(TEXT, provenAt);
  }

  withdraw(): void {
    this.#seen = undefined;
    this.parts.file.withdraw();
  }
}

/** A state board whose last word of what is wanted the stamp knows. */
export function stampedBoard(board: StateBoard, stamp: WishStamp): StateBoard {
  return {
    publish(status, process, isBarred) {
      stamp.noted(status);
      board.publish(status, process, isBarred);
    },
    withdraw(name) {
      stamp.forget(name);
      board.withdraw(name);
    },
    heartbeat: () => board.heartbeat(),
    close() {
      stamp.withdraw();
      board.close();
    },
  };
}

/** What of a status follows from the records. */
function words({ desired, reason }: DaemonStatus): string {
  return `${desired} ${reason}`;
}
