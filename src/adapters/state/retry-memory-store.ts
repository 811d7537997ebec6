/** RUNTIME/retry/NAME: slow attempts under systemd, for a new watcher of the same boot. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { NO_RETRY, type RetryMemory } from '../../core/systemd-retry.js';
import type { RetryMemoryStore } from '../../ports/retry-memory-store.js';
import { writeAtomic } from './atomic-file.js';
import type { Warn } from './desired-state.js';
import { ensureDirectory } from './directories.js';
import { errorCode } from './unwritable.js';

const MAX_SIZE = 4 * 1024;

export function retryMemoryStore(runtime: string, warn: Warn): RetryMemoryStore {
  const directory = join(runtime, 'retry');
  ensureDirectory(runtime, 0o755);
  ensureDirectory(directory, 0o700);
  return {
    read(name) {
      const path = join(directory, name);
      try {
        if ((fs.lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) >= MAX_SIZE) return undefined;
        const memory = parseRetryMemory(fs.readFileSync(path, 'utf8'));
        if (memory === undefined) warn(`${path} is not used: it is not a record of attempts`);
        return memory;
      } catch (cause) {
        if (errorCode(cause) !== 'ENOENT') warn(`${path} cannot be read: ${errorCode(cause) ?? String(cause)}`);
        return undefined;
      }
    },
    write(name, memory) {
      try {
        writeAtomic(join(directory, name), JSON.stringify(memory), { durable: false, mode: 0o600 });
      } catch (cause) {
        // Attempts go on without: only a new watcher would begin a new row.
        warn(String(cause));
      }
    },
  };
}

export function parseRetryMemory(text: string): RetryMemory | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { failedAt, attempts, at, held } = value as Record<string, unknown>;
  if (!isInstant(failedAt) || !isInstant(at) || typeof attempts !== 'number' || !Number.isInteger(attempts) || attempts < 0) return undefined;
  if (held !== undefined && typeof held !== 'string') return undefined;
  // Whether an attempt is under way was the old watcher's to know: what is seen tells.
  return { ...NO_RETRY, failedAt, attempts, at, held };
}

function isInstant(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0);
}
