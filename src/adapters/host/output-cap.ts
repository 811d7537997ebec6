/**
 * Caps the output files of daemons by size and count: FILE is copied to FILE.1
 * (its last `maxBytes`), then cut to nothing. Daemons hold the file open with
 * O_APPEND, so they go on at its new end and need not be told. What is written
 * between the copy and the cut is lost, as with logrotate's copytruncate.
 */
import { constants, statSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';

import { errorCode } from './error-code.js';

export interface OutputCap {
  readonly maxBytes: number;
  /** FILE.1 … FILE.n are kept; 0: nothing is kept. */
  readonly files: number;
}

const CHUNK = 256 * 1024;

/** Looks whenever it is told to, but never while it is still at it: two that turn the same file over would each throw away an older one. */
export class OutputCapper {
  #atIt = false;

  constructor(
    private readonly paths: () => readonly string[],
    private readonly cap: OutputCap,
    private readonly warn: (problem: string) => void,
  ) {}

  async look(): Promise<void> {
    if (this.#atIt) return;
    this.#atIt = true;
    try {
      for (const problem of await capOutputs(this.paths(), this.cap)) this.warn(problem);
    } finally {
      this.#atIt = false;
    }
  }
}

/**
 * One look at each file; those within the cap cost one stat(2).
 * @returns what could not be done, for the log
 */
async function capOutputs(paths: readonly string[], cap: OutputCap): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const path of paths) {
    try {
      // Not fs.promises: with 1000 files that alone is 1 % of a core.
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > cap.maxBytes) await turnOver(path, size, cap);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') problems.push(`${path}: ${errorCode(error) ?? String(error)}`);
    }
  }
  return problems;
}

async function turnOver(path: string, size: number, { maxBytes, files }: OutputCap): Promise<void> {
  const { O_RDWR, O_NOFOLLOW, O_WRONLY, O_CREAT, O_EXCL } = constants;
  const source = await open(path, O_RDWR | O_NOFOLLOW);
  try {
    const { uid, gid, mode } = await source.stat();
    for (let number = files; number > 1; number -= 1) await moved(`${path}.${number - 1}`, `${path}.${number}`);
    if (files > 0) {
      await rm(`${path}.1`, { force: true });
      const kept = await open(`${path}.1`, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777);
      try {
        await kept.chown(uid, gid);
        await copy(source, kept, Math.max(0, size - maxBytes), maxBytes);
      } finally {
        await kept.close();
      }
    }
  } finally {
    // Also when nothing could be kept (a full disk): the room is needed more than the words.
    await source.truncate(0);
    await source.close();
  }
}

async function moved(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

async function copy(source: FileHandle, target: FileHandle, start: number, length: number): Promise<void> {
  const buffer = Buffer.alloc(CHUNK);
  let position = start;
  for (let left = length; left > 0; ) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, left), position);
    if (bytesRead === 0) return;
    await target.write(buffer, 0, bytesRead);
    position += bytesRead;
    left -= bytesRead;
  }
}
