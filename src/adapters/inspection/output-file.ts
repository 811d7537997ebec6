/** A daemon's output file for people: its last lines, and what comes, across its rotation. */
import * as fs from 'node:fs';

import { errorCode } from '../host/error-code.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
/** Read backwards in pieces of so many bytes. */
const PIECE = 64 * 1024;
/** No more than this is kept for the last lines, nor for a line that has no end. */
const MOST = 4 * 1024 * 1024;

/**
 * The last `count` lines of FILE, and of the rotated FILE.1, .2 … where FILE has fewer. Missing files are empty.
 * @param end bytes of FILE that are looked at; what is behind them is somebody else's to tell
 */
export function lastLines(path: string, count: number, end = Number.MAX_SAFE_INTEGER): readonly string[] {
  let lines: string[] = [];
  for (let age = 0; lines.length < count; age += 1) {
    const older = age === 0 ? tail(path, count, end) : tail(`${path}.${age}`, count - lines.length);
    if (older === undefined) break;
    lines = [...older, ...lines];
  }
  return lines.slice(-count);
}

/** undefined: no such file, or none that is to be read. */
function tail(path: string, count: number, end = Number.MAX_SAFE_INTEGER): string[] | undefined {
  const fd = open(path);
  if (fd === undefined) return undefined;
  try {
    let at = Math.min(end, fs.fstatSync(fd).size);
    const pieces: Buffer[] = [];
    for (let [read, ends] = [0, 0]; at > 0 && read < MOST && ends <= count; ) {
      const size = Math.min(PIECE, at);
      at -= size;
      const piece = bytesAt(fd, at, size);
      pieces.unshift(piece);
      read += size;
      ends += newlines(piece);
    }
    const lines = Buffer.concat(pieces).toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    fs.closeSync(fd);
  }
}

function newlines(bytes: Buffer): number {
  let found = 0;
  for (const byte of bytes) if (byte === 10) found += 1;
  return found;
}

/** @returns undefined where it is missing or no regular file; links are not followed: its directory may be the daemon's */
function open(path: string): number | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ELOOP') return undefined;
    throw error;
  }
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  return undefined;
}

/** So much of what was read last of the present file is remembered, to find the place again. */
const MEMORY = 1024;

/**
 * Gives the lines that come from now on. `look` is to be called again and again.
 * A file that was cut (copy and cut, as we rotate it) is read from its beginning,
 * after what FILE.1 has behind the place where we were; one that was replaced is
 * read to its end first.
 */
export class OutputFollower {
  #fd: number | undefined;
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);
  #memory: Buffer = Buffer.alloc(0);

  constructor(
    private readonly path: string,
    private readonly line: (text: string) => void,
  ) {
    this.#fd = open(path);
    if (this.#fd === undefined) return;
    this.#at = fs.fstatSync(this.#fd).size;
    this.#memory = bytesAt(this.#fd, Math.max(0, this.#at - MEMORY), Math.min(MEMORY, this.#at));
  }

  /** Up to where the file was read. */
  get place(): number {
    return this.#at;
  }

  look(): void {
    // Not through a link, as open() does not: its directory may be the daemon's.
    const now = fs.lstatSync(this.path, { throwIfNoEntry: false });
    if (this.#fd !== undefined) {
      const ours = fs.fstatSync(this.#fd);
      if (ours.size !== this.#at) {
        if (this.#wasCut(this.#fd, ours.size)) this.#goOnFrom(`${this.path}.1`);
        this.#drain(this.#fd);
      }
      if (now === undefined || (now.ino === ours.ino && now.dev === ours.dev)) return;
      fs.closeSync(this.#fd);
      this.#fd = undefined;
    }
    if (now === undefined) return;
    this.#fd = open(this.path);
    this.#begin();
    if (this.#fd !== undefined) this.#drain(this.#fd);
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Also where it has grown beyond our place again since. */
  #wasCut(fd: number, size: number): boolean {
    const { length } = this.#memory;
    return size < this.#at || !bytesAt(fd, this.#at - length, length).equals(this.#memory);
  }

  #begin(): void {
    this.#at = 0;
    this.#memory = Buffer.alloc(0);
  }

  #goOnFrom(rotated: string): void {
    const fd = open(rotated);
    try {
      if (fd === undefined) return;
      const { size } = fs.fstatSync(fd);
      const bytes = bytesAt(fd, Math.max(0, size - MOST), Math.min(size, MOST));
      const place = this.#memory.length === 0 ? -1 : bytes.lastIndexOf(this.#memory);
      if (place >= 0) this.#take(bytes.subarray(place + this.#memory.length));
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
      this.#begin();
    }
  }

  #drain(fd: number): void {
    for (let bytes = bytesAt(fd, this.#at, PIECE); bytes.length > 0; bytes = bytesAt(fd, this.#at, PIECE)) {
      this.#at += bytes.length;
      this.#take(bytes);
    }
  }

  #take(bytes: Buffer): void {
    this.#memory = Buffer.from(Buffer.concat([this.#memory, bytes]).subarray(-MEMORY));
    let all = Buffer.concat([this.#rest, bytes]);
    for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10)) {
      this.line(all.toString('utf8', 0, end));
      all = all.subarray(end + 1);
    }
    if (all.length > MOST) {
      this.line(all.toString('utf8'));
      all = Buffer.alloc(0);
    }
    this.#rest = Buffer.from(all);
  }
}

function bytesAt(fd: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, fs.readSync(fd, buffer, 0, length, at));
}
