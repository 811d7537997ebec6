/** RUNTIME/KIND/NAME: what one watcher leaves to the next one of the same boot. Losing it costs exactness, never a daemon. */
import { join } from 'node:path';

import { writeAtomic } from './atomic-file.js';
import { readBounded, type Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';

const MAX_SIZE = 16 * 1024;

export interface BootRecords<T> {
  /** undefined: none, or rubbish. */
  read(name: string): T | undefined;
  write(name: string, record: T): void;
}

export interface RecordFormat<T> {
  /** The directory's name. */
  readonly kind: string;
  /** For warnings: "it is not …". */
  readonly what: string;
  /** @returns undefined: it is not such a record */
  readonly parse: (text: string) => T | undefined;
}

export function bootRecords<T>(runtime: string, format: RecordFormat<T>, warn: Warn): BootRecords<T> {
  const directory = join(runtime, format.kind);
  ensureDirectory(runtime, 0o755);
  ensureDirectory(directory, 0o700);
  return {
    read(name) {
      const path = join(directory, name);
      const text = readBounded(path, MAX_SIZE, warn);
      if (text === undefined) return undefined;
      const record = format.parse(text);
      if (record === undefined) warn(`${path} is not used: it is not ${format.what}`);
      return record;
    },
    write(name, record) {
      try {
        writeAtomic(join(directory, name), JSON.stringify(record), { durable: false, mode: 0o600 });
      } catch (cause) {
        // All goes on without: only a new watcher would begin to count anew.
        warn(String(cause));
      }
    },
  };
}
