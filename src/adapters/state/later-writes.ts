/**
 * Files of one directory that are made durable while the process does other
 * things: fsync(2) takes seconds where a disk is busy, and whoever waits for it
 * in the event loop keeps everybody waiting.
 */
import { writeAllDurably } from './atomic-file.js';

export class LaterWrites {
  readonly #directory: string;
  readonly #mode: number;
  /** By name, the last word of each. */
  #next = new Map<string, string>();
  #underWay: ReadonlyMap<string, string> = new Map();
  /** Of what waits; undefined: nothing does. */
  #batch: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** @param directory must exist, and be ours alone */
  constructor(directory: string, mode: number) {
    this.#directory = directory;
    this.#mode = mode;
  }

  /**
   * In the order of the calls. What is said while the disk is busy is written in one go after that.
   * @throws WatchkeeperError STATE_UNWRITABLE, as writeAllDurably does
   */
  write(name: string, text: string): Promise<void> {
    this.#next.set(name, text);
    if (this.#batch === undefined) {
      this.#batch = this.#flushAfter(this.#last);
      this.#last = this.#batch.catch(() => undefined);
    }
    return this.#batch;
  }

  /** What its file will hold; undefined: what it holds. */
  pending(name: string): string | undefined {
    return this.#next.get(name) ?? this.#underWay.get(name);
  }

  /** Resolves when nothing is under way any more, be it written or not. */
  async settled(): Promise<void> {
    while (this.#batch !== undefined || this.#underWay.size > 0) await this.#last;
  }

  async #flushAfter(before: Promise<void>): Promise<void> {
    await before;
    this.#underWay = this.#next;
    this.#next = new Map();
    this.#batch = undefined;
    try {
      await writeAllDurably(this.#directory, this.#underWay, this.#mode);
    } finally {
      this.#underWay = new Map();
    }
  }
}
