/** RUNTIME/memory/NAME: the tally of failures, for a new watcher of the same boot. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { ExitStatus } from '../../core/exit-status.js';
import type { Memory } from '../../core/supervision-state.js';
import type { MemoryStore } from '../../ports/memory-store.js';
import { writeAtomic } from './atomic-file.js';
import type { Warn } from './desired-state.js';
import { ensureDirectory } from './directories.js';
import { errorCode } from './unwritable.js';

const MAX_SIZE = 16 * 1024;

export function memoryStore(runtime: string, warn: Warn): MemoryStore {
  const directory = join(runtime, 'memory');
  ensureDirectory(runtime, 0o755);
  ensureDirectory(directory, 0o700);
  return {
    read(name) {
      const path = join(directory, name);
      try {
        if ((fs.lstatSync(path, { throwIfNoEntry: false })?.size ?? MAX_SIZE) >= MAX_SIZE) return undefined;
        const memory = parseMemory(fs.readFileSync(path, 'utf8'));
        if (memory === undefined) warn(`${path} is not used: it is not a record of failures`);
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
        // Supervision goes on without: only a new watcher would count from zero.
        warn(String(cause));
      }
    },
  };
}

export function parseMemory(text: string): Memory | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const memory = record(value);
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
