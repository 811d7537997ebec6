/**
 * Tells the end of processes that are not our children, without a busy look at
 * each. Two ways:
 *
 * - A process that is alone in its control group (version 2): the group's events
 *   tell its end within a millisecond. It may get children, whose lives would
 *   hide its end from the group; so it is looked at all the same, but in turn.
 * - Any other: its /proc/PID/statm, kept open, which pins the process (a reused pid
 *   can't be mistaken for it), is read every 250 ms. Its size is 0 from
 *   shortly before it has ended; /proc/PID/stat, which tells it exactly, takes the
 *   kernel several times as long, and is asked only then.
 *
 * Up to TURN processes are looked at every 250 ms in either case; with 1000 it is
 * a few seconds until the unlikely is seen: a process that was alone, got a child,
 * and died before its turn, outlived by that child.
 */
import { closeSync, openSync, readSync, watch as watchFile, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../core/process-identity.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Cancel } from '../../ports/process-table.js';
import { groupDirectory } from './control-groups.js';
import { errorCode } from './error-code.js';

/** ms between two looks. */
const INTERVAL = 250;
/** Lonely processes looked at each time: at 5 µs each, 0.1 % of a core. */
const TURN = 64;
/** Looks between two at whether a process has become lonely. */
const REGROUP = 20;
/** ms after an event: the group is left a moment before the process counts as ended. */
const AFTER_EVENT = [1, 2, 4, 8, 16, 32];

const [ZERO, SPACE] = Buffer.from('0 ');

interface ExitWatch {
  readonly process: ProcessIdentity;
  readonly callback: () => void;
  /** Of /proc/PID/statm. undefined: lonely, or too many open files. */
  size: number | undefined;
  group: GroupWatch | undefined;
  settling: Timer | undefined;
  /** false: told, or cancelled. */
  open: boolean;
}

interface GroupWatch {
  /** Of cgroup.procs. */
  readonly members: number;
  readonly events: FSWatcher;
}

export class ExitWatches {
  /** Looked at every time. */
  readonly #close = new Set<ExitWatch>();
  /** Lonely; the first is the next whose turn it is. */
  readonly #lonely = new Set<ExitWatch>();
  readonly #buffer = Buffer.alloc(1024);
  #timer: Timer | undefined;
  #looks = 0;

  constructor(
    private readonly clock: Clock,
    private readonly isAlive: (process: ProcessIdentity) => boolean,
    private readonly groupOf: (pid: number) => string | undefined = groupDirectory,
  ) {}

  add(process: ProcessIdentity, callback: () => void): Cancel {
    const watch: ExitWatch = { process, callback, size: this.#pin(process), group: undefined, settling: undefined, open: true };
    this.#close.add(watch);
    const runs = this.#stillRuns(watch);
    if (runs) this.#joinGroup(watch);
    this.#timer ??= this.clock.after(runs ? INTERVAL : 0, () => this.#look());
    return { cancel: () => this.#forget(watch) };
  }

  #look(): void {
    this.#timer = undefined;
    this.#looks += 1;
    const regroup = this.#looks % REGROUP === 1;
    const ended = [...this.#close].filter((watch) => !((regroup && this.#regrouped(watch)) || this.#stillRuns(watch)));
    // Those at the front go to the back, or among the close ones.
    for (const watch of first(this.#lonely, TURN)) {
      this.#lonely.delete(watch);
      if (!this.#isLonely(watch) && !this.#stillRuns(watch)) ended.push(watch);
    }
    try {
      for (const watch of ended) this.#tell(watch);
    } finally {
      if (this.#close.size + this.#lonely.size > 0) this.#timer ??= this.clock.after(INTERVAL, () => this.#look());
    }
  }

  #tell(watch: ExitWatch): void {
    if (!watch.open) return;
    this.#forget(watch);
    watch.callback();
  }

  /** Something happened in its group. */
  #stir(watch: ExitWatch, patience: readonly number[]): void {
    watch.settling?.cancel();
    watch.settling = undefined;
    if (!watch.open || this.#isLonely(watch)) return;
    if (!this.#stillRuns(watch)) {
      this.#tell(watch);
      return;
    }
    const [pause, ...rest] = patience;
    if (pause !== undefined) watch.settling = this.clock.after(pause, () => this.#stir(watch, rest));
  }

  /** Also puts it where it belongs, with the descriptors that it needs there. */
  #isLonely(watch: ExitWatch): boolean {
    const lonely = watch.group !== undefined && this.#read(watch.group.members) === `${watch.process.pid}\n`;
    (lonely ? this.#close : this.#lonely).delete(watch);
    (lonely ? this.#lonely : this.#close).add(watch);
    if (!lonely) watch.size ??= this.#pin(watch.process);
    else if (watch.size !== undefined) {
      closeSync(watch.size);
      watch.size = undefined;
    }
    return lonely;
  }

  /** It may have been given a group, or have lost its children, since. Whether it is lonely. */
  #regrouped(watch: ExitWatch): boolean {
    if (watch.group !== undefined) return this.#isLonely(watch);
    if (this.#stillRuns(watch)) this.#joinGroup(watch);
    return this.#lonely.has(watch);
  }

  #joinGroup(watch: ExitWatch): void {
    const directory = this.groupOf(watch.process.pid);
    const members = directory === undefined ? undefined : openOrNot(join(directory, 'cgroup.procs'));
    if (directory === undefined || members === undefined) return;
    let events: FSWatcher;
    try {
      events = watchFile(join(directory, 'cgroup.events'), { persistent: false }, () => this.#stir(watch, AFTER_EVENT));
    } catch (error) {
      closeSync(members);
      // No more inotify watches, or the group has just gone.
      if (errorCode(error) !== undefined) return;
      throw error;
    }
    events.on('error', () => this.#leaveGroup(watch));
    watch.group = { members, events };
    // The pid could have been another's while its group was looked up.
    if (this.#stillRuns(watch)) this.#isLonely(watch);
  }

  #leaveGroup(watch: ExitWatch): void {
    if (watch.group === undefined || !watch.open) return;
    watch.group.events.close();
    closeSync(watch.group.members);
    watch.group = undefined;
    this.#isLonely(watch);
  }

  #forget(watch: ExitWatch): void {
    if (!watch.open) return;
    watch.open = false;
    this.#close.delete(watch);
    this.#lonely.delete(watch);
    watch.settling?.cancel();
    if (watch.size !== undefined) closeSync(watch.size);
    if (watch.group !== undefined) closeSync(watch.group.members);
    watch.group?.events.close();
    if (this.#close.size + this.#lonely.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** What was opened is this very process's if it lives afterwards. */
  #pin(process: ProcessIdentity): number | undefined {
    const size = openOrNot(`/proc/${process.pid}/statm`);
    if (size === undefined || this.isAlive(process)) return size;
    closeSync(size);
    return undefined;
  }

  #stillRuns({ process, size }: ExitWatch): boolean {
    const length = size === undefined ? -1 : this.#readInto(size);
    const hasMemory = length > 1 && !(this.#buffer[0] === ZERO && this.#buffer[1] === SPACE);
    // Its memory goes first; only then its files, such as a port that its successor wants.
    return hasMemory || this.isAlive(process);
  }

  /** undefined: the process, or the group, is gone. */
  #read(fd: number): string | undefined {
    const length = this.#readInto(fd);
    return length < 0 ? undefined : this.#buffer.toString('latin1', 0, length);
  }

  /** -1: it is gone. */
  #readInto(fd: number): number {
    try {
      return readSync(fd, this.#buffer, 0, this.#buffer.length, 0);
    } catch (error) {
      if (errorCode(error) === 'ESRCH' || errorCode(error) === 'ENODEV') return -1;
      throw error;
    }
  }
}

function first<T>(set: ReadonlySet<T>, most: number): readonly T[] {
  const found: T[] = [];
  for (const item of set) {
    if (found.length >= most) break;
    found.push(item);
  }
  return found;
}

function openOrNot(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errorCode(error) !== undefined) return undefined;
    throw error;
  }
}
