/** STATE/tasks/NAME.json: a task's last runs, and what the next watcher must know. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { WatchkeeperError } from '../../core/errors.js';
import type { TaskStore } from '../../ports/task-store.js';
import { removeLeftovers, writeAtomic } from './atomic-file.js';
import type { Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';
import { LaterWrites } from './later-writes.js';
import { formatTaskRecord, parseTaskRecord } from './task-record.js';
import { errorCode } from './unwritable.js';

const MAX_SIZE = 1024 * 1024;
const SUFFIX = '.json';
/** "hook:NAME" for watcher hooks. */
const NAME = /^(hook:)?[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

export function taskStore(state: string, warn: Warn): TaskStore {
  const directory = join(state, 'tasks');
  const path = (name: string): string => join(directory, fileOf(name));
  const later = new LaterWrites(directory, 0o600);
  let prepared = false;
  const prepare = (): void => {
    if (prepared) return;
    ensureDirectory(state, 0o755);
    ensureDirectory(directory, 0o700);
    removeLeftovers(directory);
    prepared = true;
  };
  return {
    read(name) {
      if (!NAME.test(name)) return undefined;
      const text = later.pending(fileOf(name)) ?? readBounded(path(name), warn);
      const record = text === undefined ? undefined : parseTaskRecord(text);
      if (text !== undefined && record === undefined) warn(`${path(name)} is not used: it is no record of a task`);
      return record;
    },
    write(name, record, durable) {
      if (!NAME.test(name)) throw new Error(`a task's name was expected, not ${JSON.stringify(name.slice(0, 80))}`);
      // Tasks run all the same: a full disk is when the task that cleans up is needed.
      const failed = (cause: unknown): void => {
        const why = cause instanceof WatchkeeperError ? cause.message : `cannot write ${path(name)}: ${errorCode(cause) ?? String(cause)}`;
        warn(`${why}; the history of ${name} is kept in memory only`);
      };
      try {
        prepare();
        const text = formatTaskRecord(record);
        // What is on its way there must not come after it.
        if (durable || later.pending(fileOf(name)) !== undefined) return later.write(fileOf(name), text).catch(failed);
        writeAtomic(path(name), text, { durable: false, mode: 0o600 });
      } catch (cause) {
        failed(cause);
      }
      return Promise.resolve();
    },
    settled: () => later.settled(),
    names() {
      try {
        return fs.readdirSync(directory).flatMap((file) => {
          const name = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : '';
          return NAME.test(name) ? [name] : [];
        });
      } catch (cause) {
        if (errorCode(cause) !== 'ENOENT') warn(`${directory} cannot be read: ${errorCode(cause) ?? String(cause)}`);
        return [];
      }
    },
  };
}

const fileOf = (name: string): string => `${name}${SUFFIX}`;

function readBounded(path: string, warn: Warn): string | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    if (stat.isFile() && stat.size <= MAX_SIZE) return fs.readFileSync(fd, 'utf8');
    warn(`${path} is not used: it is no regular file of at most ${MAX_SIZE} bytes`);
    return undefined;
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') warn(`${path} cannot be read: ${errorCode(cause) ?? String(cause)}`);
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
