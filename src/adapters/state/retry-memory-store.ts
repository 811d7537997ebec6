/** RUNTIME/retry/NAME: slow attempts under systemd, for a new watcher of the same boot. */
import { NO_RETRY, type RetryMemory } from '../../core/systemd-retry.js';
import type { RetryMemoryStore } from '../../ports/retry-memory-store.js';
import { bootRecords } from './boot-records.js';
import type { Warn } from './bounded-file.js';
import { jsonObject } from './json-record.js';

export function retryMemoryStore(runtime: string, warn: Warn): RetryMemoryStore {
  return bootRecords(runtime, { kind: 'retry', what: 'a record of attempts', parse: parseRetryMemory }, warn);
}

export function parseRetryMemory(text: string): RetryMemory | undefined {
  const record = jsonObject(text);
  if (record === undefined) return undefined;
  const { failedAt, attempts, at, held } = record;
  if (!isInstant(failedAt) || !isInstant(at) || typeof attempts !== 'number' || !Number.isInteger(attempts) || attempts < 0) return undefined;
  if (held !== undefined && typeof held !== 'string') return undefined;
  // Whether an attempt is under way was the old watcher's to know: what is seen tells.
  return { ...NO_RETRY, failedAt, attempts, at, held };
}

function isInstant(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0);
}
