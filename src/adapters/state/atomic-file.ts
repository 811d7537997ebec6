/**
 * Writes a whole file, or nothing of it: a reader sees the old text or the new
 * one, also after `kill -9` or a power cut in between.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { counted, flush, isFlushingOver } from './flushing.js';
import { unwritable } from './unwritable.js';

export interface AtomicWrite {
  /**
   * true: on the disk when the call returns (fsync of the file and of its
   * directory), for what must survive a power cut. false: atomic only, for
   * what a boot makes worthless, such as the state board.
   */
  readonly durable: boolean;
  /** Permission bits; the umask takes nothing away from them. */
  readonly mode: number;
  /** Its time of modification, ms since the epoch; absent: now. */
  readonly modified?: number;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = fs.constants;

/** Descriptors: a soft limit of 1024 is usual. */
const OPEN_AT_ONCE = 64;

/** `.NAME.PID.RANDOM.tmp`: the leading dot keeps it out of every listing by daemon name. */
const LEFTOVER = /^\.[A-Za-z0-9._-]+\.([0-9]{1,10})\.([0-9a-f]{12})\.tmp$/;

/**
 * Writes to a new file in the same directory, then renames it over `path`. The
 * directory must exist, and nobody but us may be able to write there
 * (directories.ts sees to both).
 *
 * @throws WatchkeeperError STATE_UNWRITABLE; the old file is then untouched
 */
export function writeAtomic(path: string, data: string | Uint8Array, options: AtomicWrite): void {
  const directory = dirname(path);
  const temporary = temporaryOf(directory, basename(path));
  try {
    const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, options.mode);
    try {
      fill(fd, data, options.mode);
      if (options.modified !== undefined) fs.futimesSync(fd, options.modified / 1000, options.modified / 1000);
      if (options.durable) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
  } catch (cause) {
    tryUnlink(temporary);
    throw unwritable(`cannot write ${path}`, directory, cause);
  }
  if (options.durable) syncDirectory(directory);
}

/**
 * Files of one directory, each as writeAtomic has it, and all of them on the disk
 * when it resolves. They are flushed side by side, so that the file system can
 * take many into one transaction, and the directory once. Whoever waits does
 * other things meanwhile: fsync(2) of a busy disk takes seconds.
 *
 * @param files by name in the directory
 * @throws WatchkeeperError STATE_UNWRITABLE; some of the files may be the new ones then
 */
export function writeAllDurably(directory: string, files: ReadonlyMap<string, string>, mode: number): Promise<void> {
  return counted(writeAll(directory, files, mode));
}

async function writeAll(directory: string, files: ReadonlyMap<string, string>, mode: number): Promise<void> {
  const pending = new Map([...files.keys()].map((name) => [`${directory}/${name}`, temporaryOf(directory, name)]));
  const texts = [...files.values()];
  try {
    const temporaries = [...pending.values()];
    for (let from = 0; from < temporaries.length; from += OPEN_AT_ONCE) {
      await Promise.all(temporaries.slice(from, from + OPEN_AT_ONCE).map((temporary, index) => flushed(temporary, texts[from + index] ?? '', mode)));
    }
    // Another process may have written them since.
    if (isFlushingOver()) throw new Error('this process has ended its work');
    for (const [path, temporary] of pending) {
      fs.renameSync(temporary, path);
      pending.delete(path);
    }
  } catch (cause) {
    for (const temporary of pending.values()) tryUnlink(temporary);
    const [only] = files.size === 1 ? files.keys() : [];
    throw unwritable(`cannot write ${only === undefined ? `in ${directory}` : join(directory, only)}`, directory, cause);
  }
  await flushDirectory(directory);
}

async function flushed(temporary: string, text: string, mode: number): Promise<void> {
  const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    fill(fd, text, mode);
    await flush(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function fill(fd: number, data: string | Uint8Array, mode: number): void {
  // Not fs.writeFileSync(fd): one short write on a full disk must be an error, which it is only in a loop.
  writeWhole(fd, typeof data === 'string' ? Buffer.from(data) : data);
  fs.fchmodSync(fd, mode);
}

/** Not by join(), which costs as much as a system call: there are many in a row. */
function temporaryOf(directory: string, name: string): string {
  return `${directory}/.${name}.${process.pid}.${nextSuffix()}.tmp`;
}

const seed = randomBytes(3).toString('hex');
let count = 0;

/** No name is met twice: chance once for each process, then a number. Chance for each file costs more than its write. */
function nextSuffix(): string {
  count = (count + 1) % 0x1000000;
  return seed + count.toString(16).padStart(6, '0');
}

function writeWhole(fd: number, data: Uint8Array): void {
  let written = 0;
  while (written < data.length) written += fs.writeSync(fd, data, written);
}

/** Makes renames and unlinks in it durable. @throws WatchkeeperError STATE_UNWRITABLE */
function syncDirectory(directory: string): void {
  try {
    const fd = fs.openSync(directory, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (cause) {
    throw notDurable(directory, cause);
  }
}

/** The same, beside other things. */
export async function flushDirectory(directory: string): Promise<void> {
  try {
    const fd = fs.openSync(directory, O_RDONLY | O_DIRECTORY);
    try {
      await flush(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (cause) {
    throw notDurable(directory, cause);
  }
}

const notDurable = (directory: string, cause: unknown): Error => unwritable(`cannot make ${directory} durable`, directory, cause);

/** Whether it is gone. The error that matters is told already; a file that stays is swept up later. */
function tryUnlink(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** In a container each watcher may have the pid of the one before. */
function isBeingWritten(pid: number, suffix: string): boolean {
  return pid === process.pid ? suffix.startsWith(seed) : fs.existsSync(`/proc/${pid}`);
}

/**
 * Removes what writers that were killed between creation and rename left
 * behind. Files of a writer that still lives are spared.
 *
 * @returns how many were removed
 */
export function removeLeftovers(directory: string): number {
  let removed = 0;
  for (const name of fs.readdirSync(directory)) {
    const [, pid, suffix] = LEFTOVER.exec(name) ?? [];
    if (pid === undefined || suffix === undefined || isBeingWritten(Number(pid), suffix)) continue;
    if (tryUnlink(join(directory, name))) removed += 1;
  }
  return removed;
}

/** The same in a directory of ours, and in those right below it. */
export function removeLeftoversBelow(directory: string): void {
  removeLeftovers(directory);
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeLeftovers(join(directory, entry.name));
  }
}
