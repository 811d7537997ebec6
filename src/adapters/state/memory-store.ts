/** RUNTIME/memory/NAME: the tally of failures, for a new watcher of the same boot. */
import type { ExitStatus } from '../../core/exit-status.js';
import type { Memory } from '../../core/supervision-state.js';
import type { MemoryStore } from '../../ports/memory-store.js';
import { bootRecords } from './boot-records.js';
import type { Warn } from './bounded-file.js';
import { jsonObject } from './json-record.js';

export function memoryStore(runtime: string, warn: Warn): MemoryStore {
  return bootRecords(runtime, { kind: 'memory', what: 'a record of failures', parse: parseMemory }, warn);
}

export function parseMemory(text: string): Memory | undefined {
  const memory = jsonObject(text);
  const tally = record(memory?.['tally']);
  const failures = tally?.['failures'];
  const row = tally?.['row'];
  const lastDelay = tally?.['lastDelay'];
  const restarts = memory?.['restarts'];
  const retryAt = memory?.['retryAt'];
  if (!Array.isArray(failures) || !failures.every(isCount) || !isCount(row) || !isCount(lastDelay) || !isCount(restarts)) return undefined;
  if (retryAt !== undefined && !isCount(retryAt)) return undefined;
  return {
    tally: { failures, row, lastDelay, looping: tally?.['looping'] === true },
    restarts,
    lastExit: exitStatus(memory?.['lastExit']),
    retryAt,
    givenUp: memory?.['givenUp'] === true,
  };
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function exitStatus(value: unknown): ExitStatus | undefined {
  const exit = record(value);
  if (exit?.['kind'] === 'exited' && isCount(exit['status'])) return { kind: 'exited', status: exit['status'] };
  if (exit?.['kind'] === 'killed' && typeof exit['signal'] === 'string') return { kind: 'killed', signal: exit['signal'] };
  return exit?.['kind'] === 'unknown' ? { kind: 'unknown' } : undefined;
}
