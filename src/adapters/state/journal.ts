/**
 * The watcher's news: the last ones in memory, all of them as JSON lines in
 * STATE/events.jsonl, which is turned over at a size. Not fsynced: an event lost
 * in a power cut is no loss that an operator would pay an fsync per crash for.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { Journal, NewsItem } from '../../ports/journal.js';
import { ensureDirectory } from './directories.js';
import type { Warn } from './bounded-file.js';
import { errorCode } from './unwritable.js';

const MAX_IN_MEMORY = 1000;
const MAX_FILE = 1024 * 1024;
const TAIL = 256 * 1024;

export interface FileJournal extends Journal {
  close(): void;
}

/** @param onAppend told of each item, after it was kept */
export function fileJournal(state: string, warn: Warn, onAppend: (item: NewsItem) => void): FileJournal {
  ensureDirectory(state, 0o755);
  const path = join(state, 'events.jsonl');
  const items: NewsItem[] = [];
  let size = 0;
  try {
    items.push(...readTail(path));
    size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause;
    warn(`${path} cannot be read: ${errorCode(cause) ?? ''}; earlier events are not known`);
  }
  let nextId = (items.at(-1)?.id ?? 0) + 1;
  let fd: number | undefined;
  let complained = false;

  const keep = (line: string): void => {
    try {
      if (size > MAX_FILE) {
        if (fd !== undefined) fs.closeSync(fd);
        fd = undefined;
        fs.renameSync(path, `${path}.1`);
        size = 0;
      }
      const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = fs.constants;
      fd ??= fs.openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
      size += fs.writeSync(fd, line);
      complained = false;
    } catch (cause) {
      // A full disk must not stop the supervision; it is said once, until it works again.
      if (!complained) warn(`cannot write ${path}: ${errorCode(cause) ?? String(cause)}; events are kept in memory only`);
      complained = true;
    }
  };

  return {
    append(news) {
      const item: NewsItem = { id: nextId++, ...news };
      items.push(item);
      if (items.length > MAX_IN_MEMORY) items.shift();
      keep(`${JSON.stringify(item)}\n`);
      onAppend(item);
      return item;
    },
    recent: (limit) => (limit <= 0 ? [] : items.slice(-limit)),
    close: () => {
      if (fd !== undefined) fs.closeSync(fd);
      fd = undefined;
    },
  };
}

/** The last items on the disk, oldest first; lines that are not ours are passed over. @throws system errors */
export function readTail(path: string): NewsItem[] {
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
  }
  try {
    const stat = fs.fstatSync(fd);
    const size = stat.isFile() ? stat.size : 0;
    const buffer = Buffer.alloc(Math.min(size, TAIL));
    const length = fs.readSync(fd, buffer, 0, buffer.length, Math.max(0, size - TAIL));
    return buffer.toString('utf8', 0, length).split('\n').flatMap(parseItem).slice(-MAX_IN_MEMORY);
  } finally {
    fs.closeSync(fd);
  }
}

function parseItem(line: string): NewsItem[] {
  if (!line.startsWith('{')) return [];
  try {
    const item = JSON.parse(line) as Partial<NewsItem>;
    const whole = Number.isSafeInteger(item.id) && Number.isFinite(item.at) && typeof item.daemon === 'string';
    return whole && typeof item.news === 'string' && typeof item.reason === 'string' ? [item as NewsItem] : [];
  } catch {
    return []; // the first line of the tail is usually cut
  }
}
