/** What the operator wants of each daemon, one small file each: STATE/desired/NAME. */
import { join } from 'node:path';

import { isValidName } from '../../core/daemon.js';
import { ASKER, type DesiredRecord } from '../../core/desired-state.js';
import type { DesiredStateStore } from '../../ports/store.js';
import { removeLeftovers, writeAllDurably } from './atomic-file.js';
import { readBounded, type Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';
import { jsonRecord } from './json-record.js';

const SCHEMA_VERSION = 1;
/** A record has some 200 bytes. More is not ours, and is not read. */
const MAX_SIZE = 4096;
/** `by` is for people; whatever a caller puts there, the record stays below MAX_SIZE. */
const MAX_BY = 200;
const MAX_BOOT_ID = 64;

/** @param state directory of the installation's durable state (Paths.state) */
export function desiredStateStore(state: string, warn: Warn): DesiredStateStore {
  const directory = join(state, 'desired');
  let prepared = false;
  const prepare = (name: string): void => {
    if (!isValidName(name)) throw new Error(`a daemon's name was expected, not ${JSON.stringify(name.slice(0, 80))}`);
    if (prepared) return;
    ensureDirectory(state, 0o755);
    ensureDirectory(directory, 0o755);
    removeLeftovers(directory);
    prepared = true;
  };

  return {
    read(name) {
      if (!isValidName(name)) return undefined;
      const path = `${directory}/${name}`;
      const text = readBounded(path, MAX_SIZE, warn);
      if (text === undefined) return undefined;
      const record = parseDesired(text);
      if (typeof record !== 'string') return record;
      warn(`${path} is not used: ${record}`);
      return undefined;
    },
    async write(records) {
      for (const name of records.keys()) prepare(name);
      await writeAllDurably(directory, new Map([...records].map(([name, record]) => [name, formatDesired(record)])), 0o600);
    },
  };
}

export function formatDesired(record: DesiredRecord): string {
  const { desired, at, bootId } = record;
  const hold = record.hold === true ? { hold: true } : {};
  const whole = record.whole === true ? { whole: true } : {};
  const asker = record.asker === undefined ? {} : { asker: record.asker };
  const uptime = record.uptime === undefined ? {} : { uptime: Math.round(record.uptime) };
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, desired, at, by: record.by.slice(0, MAX_BY), bootId, ...hold, ...whole, ...asker, ...uptime })}\n`;
}

/** The record, or why there is none in this text. */
export function parseDesired(text: string): DesiredRecord | string {
  const record = jsonRecord(text, SCHEMA_VERSION);
  if (typeof record === 'string') return record;
  const { desired, at, by, bootId, hold, whole, asker, uptime } = record;
  if (desired !== 'up' && desired !== 'down') return 'it wants neither up nor down';
  if (typeof at !== 'number' || !Number.isFinite(at)) return 'its time is not a number';
  if (typeof by !== 'string' || by.length > MAX_BY) return 'it does not say who wanted it';
  if (typeof bootId !== 'string' || bootId.length > MAX_BOOT_ID) return 'it does not say in which boot';
  return {
    desired,
    at,
    by,
    bootId,
    ...(hold === true ? { hold } : {}),
    ...(whole === true ? { whole } : {}),
    ...(typeof asker === 'string' && ASKER.test(asker) ? { asker } : {}),
    ...(typeof uptime === 'number' && Number.isFinite(uptime) ? { uptime } : {}),
  };
}
