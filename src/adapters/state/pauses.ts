/** STATE/pauses.json, and the pause file of the old watcher's kind. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { leaseOfPauseFile, PAUSE_FILE_ID, type PauseLease } from '../../core/pause.js';
import type { PauseStore } from '../../ports/pause-store.js';
import { removeLeftovers, writeAtomic } from './atomic-file.js';
import type { Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';
import { jsonRecord } from './json-record.js';
import { errorCode } from './unwritable.js';

const SCHEMA_VERSION = 1;
const MAX_SIZE = 1024 * 1024;
const FIRST_LINE = 64;

/** @param pauseFile honoured as one more lease; undefined: there is none */
export function pauseStore(state: string, pauseFile: string | undefined, warn: Warn): PauseStore {
  const path = join(state, 'pauses.json');
  return {
    read() {
      const leases = readLeases(path, warn);
      const further = pauseFile === undefined ? undefined : readPauseFile(pauseFile, warn);
      return further === undefined ? leases : [...leases, further];
    },
    write(leases) {
      ensureDirectory(state, 0o755);
      removeLeftovers(state);
      const kept = leases.filter(({ id }) => id !== PAUSE_FILE_ID);
      writeAtomic(path, `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, leases: kept })}\n`, { durable: true, mode: 0o600 });
    },
    stamp: () => [path, pauseFile].map((file) => (file === undefined ? '' : stampOf(file))).join(' '),
  };
}

function stampOf(path: string): string {
  try {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? '-' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
  } catch (error) {
    return errorCode(error) ?? '?'; // not readable is a state of its own
  }
}

/** undefined: no such file. */
function readText(path: string, limit: number): string | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    if (!fs.fstatSync(fd).isFile()) throw new Error('it is not a regular file');
    const buffer = Buffer.alloc(limit);
    return buffer.toString('utf8', 0, fs.readSync(fd, buffer, 0, limit, 0));
  } finally {
    fs.closeSync(fd);
  }
}

function readLeases(path: string, warn: Warn): readonly PauseLease[] {
  try {
    const text = readText(path, MAX_SIZE);
    return text === undefined ? [] : parseLeases(text);
  } catch (error) {
    warn(`${path} is not used, nothing is paused by it: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** @throws Error that says what is wrong */
export function parseLeases(text: string): readonly PauseLease[] {
  const record = jsonRecord(text, SCHEMA_VERSION);
  const leases = typeof record === 'string' ? undefined : record['leases'];
  if (!Array.isArray(leases)) throw new Error('it is not a list of pauses');
  return leases.map((lease) => {
    if (!isLease(lease)) throw new Error('a pause in it is incomplete');
    return lease;
  });
}

function isLease(value: unknown): value is PauseLease {
  if (typeof value !== 'object' || value === null) return false;
  const { id, owner, reason, daemons, since, until } = value as Partial<Record<keyof PauseLease, unknown>>;
  const texts = [id, owner, reason].every((text) => typeof text === 'string');
  const names = daemons === undefined || (Array.isArray(daemons) && daemons.every((name) => typeof name === 'string'));
  return texts && names && Number.isFinite(since) && Number.isFinite(until);
}

function readPauseFile(path: string, warn: Warn): PauseLease | undefined {
  try {
    const [line = ''] = (readText(path, FIRST_LINE) ?? '').split('\n');
    if (line === '') return undefined;
    const lease = leaseOfPauseFile(path, line, fs.statSync(path).mtimeMs);
    if (lease === undefined) warn(`the pause file ${path} is not honoured: its first line is no Unix time`);
    return lease;
  } catch (error) {
    warn(`the pause file ${path} is not honoured: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
