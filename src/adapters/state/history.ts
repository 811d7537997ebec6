/**
 * STATE/history.jsonl: one short JSON line for each change, appended. A line
 * that a power cut has torn is passed over, and nothing is written behind half
 * of one. What a full disk did not take is made good as far as it still holds. On
 * the disk a few seconds later (fdatasync, one for all that came meanwhile). At SEGMENT bytes it becomes history.jsonl.1, and the new one begins
 * with the present states, so that either is of use alone: some 80,000 to
 * 160,000 changes are kept, in at most 2 × SEGMENT.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { historyIntervals, sameState, type HistoryEntry, type HistoryInterval, type HistoryRecord } from '../../core/history.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { FollowedHistory, History } from '../../ports/history.js';
import type { Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';
import { parseHistoryLine, historyLine } from './history-line.js';
import { openKept, replay } from './history-replay.js';
import { errorCode } from './unwritable.js';

const FILE = 'history.jsonl';
const SEGMENT = 4 * 1024 * 1024;
const MOST_READ = 2 * SEGMENT;
/** ms until what was written is on the disk for good. */
const SYNC_DELAY = 3000;

const { O_RDONLY, O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = fs.constants;

export class FileHistory implements History, FollowedHistory {
  readonly #path: string;
  readonly #current = new Map<string, HistoryEntry>();
  #fd: number | undefined;
  #size = 0;
  #sync: Timer | undefined;
  #complained = false;
  /** The file does not tell the present states: it has just begun, or the disk did not take them. */
  #behind = false;
  readonly #followers = new Set<(record: HistoryRecord) => void>();

  /** @param segment bytes of one of the two files */
  constructor(
    private readonly state: string,
    private readonly clock: Clock,
    private readonly warn: Warn,
    private readonly segment = SEGMENT,
  ) {
    ensureDirectory(state, 0o755);
    this.#path = join(state, FILE);
    this.#append({ kind: 'begin', at: clock.wall() });
  }

  record(entry: HistoryEntry): void {
    const last = this.#current.get(entry.daemon);
    if (last !== undefined && sameState(last, entry)) return;
    this.#current.set(entry.daemon, entry);
    this.#append({ kind: 'state', ...entry });
  }

  unseen(daemon: string, at: number): void {
    if (this.#current.delete(daemon)) this.#append({ kind: 'unseen', at, daemon });
  }

  alive(at: number): void {
    this.#append({ kind: 'alive', at });
  }

  intervals(from: number, now: number): ReadonlyMap<string, readonly HistoryInterval[]> {
    return readHistory(this.state, from, now);
  }

  async follow(callback: (record: HistoryRecord) => void): Promise<void> {
    const kept = openKept([`${this.#path}.1`, this.#path]);
    const meanwhile: HistoryRecord[] = [];
    const collect = (record: HistoryRecord): void => void meanwhile.push(record);
    this.#followers.add(collect);
    try {
      await replay(kept, callback);
    } finally {
      this.#followers.delete(collect);
    }
    meanwhile.forEach(callback);
    this.#followers.add(callback);
  }

  close(): void {
    this.#append({ kind: 'end', at: this.clock.wall() });
    this.#sync?.cancel();
    this.#sync = undefined;
    if (this.#fd === undefined) return;
    try {
      fs.fdatasyncSync(this.#fd);
    } catch (cause) {
      this.#complain(cause);
    }
    fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #append(record: HistoryRecord): void {
    // Also what a full disk does not take.
    for (const follower of this.#followers) follower(record);
    try {
      if (this.#size > this.segment) this.#turnOver();
      if (this.#behind) this.#restate();
      this.#write(historyLine(record));
      this.#complained = false;
      this.#sync ??= this.clock.after(SYNC_DELAY, () => this.#flush());
    } catch (cause) {
      this.#complain(cause);
      this.#behind = true;
      // What may be half a line there is ended by the next opening.
      if (this.#fd !== undefined) fs.closeSync(this.#fd);
      this.#fd = undefined;
    }
  }

  #write(line: string): void {
    const fd = this.#open();
    const data = Buffer.from(line);
    for (let written = 0; written < data.length; ) written += fs.writeSync(fd, data, written);
    this.#size += data.length;
  }

  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    const fd = fs.openSync(this.#path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
    this.#fd = fd;
    this.#size = fs.fstatSync(fd).size;
    if (this.#size === 0) {
      this.#keepName();
      return fd;
    }
    const last = Buffer.alloc(1);
    fs.readSync(fd, last, 0, 1, this.#size - 1);
    if (last.toString() !== '\n') this.#size += fs.writeSync(fd, '\n');
    return fd;
  }

  #turnOver(): void {
    const fd = this.#open();
    fs.fdatasyncSync(fd);
    fs.closeSync(fd);
    this.#fd = undefined;
    fs.renameSync(this.#path, `${this.#path}.1`);
    this.#behind = true;
  }

  /** The present states, since when they are, and that we live: their beginnings are no signs of life of now. */
  #restate(): void {
    for (const entry of this.#current.values()) this.#write(historyLine({ kind: 'state', ...entry }));
    this.#write(historyLine({ kind: 'alive', at: this.clock.wall() }));
    this.#behind = false;
  }

  /** A file whose name is not on the disk is gone after a power cut. */
  #keepName(): void {
    const directory = fs.openSync(this.state, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  }

  /** Not in the way of anything: the disk may take its time. */
  #flush(): void {
    this.#sync = undefined;
    if (this.#fd === undefined) return;
    fs.fdatasync(this.#fd, (cause) => {
      // It was turned over meanwhile, which has flushed it.
      if (cause !== null && errorCode(cause) !== 'EBADF') this.#complain(cause);
    });
  }

  /** A full disk must not stop the supervision; it is said once, until it works again. */
  #complain(cause: unknown): void {
    if (!this.#complained) this.warn(`cannot write ${this.#path}: ${errorCode(cause) ?? String(cause)}; the history has a gap`);
    this.#complained = true;
  }
}

/** What the files say, whoever writes them; none are an empty history. */
export function readHistory(state: string, from: number, now: number): ReadonlyMap<string, readonly HistoryInterval[]> {
  return historyIntervals(records(join(state, FILE)), from, now);
}

function* records(path: string): Generator<HistoryRecord> {
  for (const file of [`${path}.1`, path]) {
    for (const line of text(file).split('\n')) {
      const record = parseHistoryLine(line);
      if (record !== undefined) yield record;
    }
  }
}

function text(path: string): string {
  try {
    const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = fs.fstatSync(fd);
      if (!stat.isFile()) return '';
      // Of what has grown beyond any of ours the end.
      const buffer = Buffer.alloc(Math.min(stat.size, MOST_READ));
      return buffer.toString('utf8', 0, fs.readSync(fd, buffer, 0, buffer.length, stat.size - buffer.length));
    } finally {
      fs.closeSync(fd);
    }
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ELOOP') return '';
    throw cause;
  }
}
