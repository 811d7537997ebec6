/** STATE/cluster/NAME: the daemons that the cluster holds, one small file each. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { isClusterName, type ClusterHold } from '../../core/cluster-hold.js';
import { isValidName } from '../../core/daemon.js';
import { resourceUnit } from '../../core/unit-name.js';
import type { ClusterHoldStore } from '../../ports/cluster-hold-store.js';
import { flushDirectory, removeLeftovers, writeAllDurably } from './atomic-file.js';
import { readBounded, type Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';
import { counted, isFlushingOver } from './flushing.js';
import { jsonRecord } from './json-record.js';
import { errorCode, unwritable } from './unwritable.js';

const SCHEMA_VERSION = 1;
const MAX_SIZE = 4096;
const MAX_BOOT_ID = 64;
/** ms within which two changes of a directory may have the same time: some ticks of the kernel's clock. */
const TICKS = 50;

/** By path, what was begun last: an agent that was given up may be at it still, and the last word is to be the last one on the disk. */
const turns = new Map<string, Promise<unknown>>();

async function inTurn<T>(path: string, change: () => Promise<T>): Promise<T> {
  const turn = (turns.get(path) ?? Promise.resolve()).then(change);
  const settled = turn.catch(() => undefined);
  turns.set(path, settled);
  try {
    return await turn;
  } finally {
    if (turns.get(path) === settled) turns.delete(path);
  }
}

/** @param state directory of the installation's durable state (Paths.state) */
export function clusterHoldStore(state: string, warn: Warn): ClusterHoldStore {
  const directory = join(state, 'cluster');
  let looks = 0;
  const pathOf = (name: string): string => {
    if (!isValidName(name)) throw new Error(`a daemon's name was expected, not ${JSON.stringify(name.slice(0, 80))}`);
    return join(directory, name);
  };
  return {
    read(name) {
      const path = pathOf(name);
      const text = readBounded(path, MAX_SIZE, warn);
      if (text === undefined) return undefined;
      const hold = parseHold(text);
      if (typeof hold !== 'string') return hold;
      warn(`${path} is not used: ${hold}`);
      return undefined;
    },
    async write(name, { resource, node, bootId, started, at, unit }) {
      await inTurn(pathOf(name), async () => {
        ensureDirectory(state, 0o755);
        ensureDirectory(directory, 0o755);
        removeLeftovers(directory);
        await writeAllDurably(directory, new Map([[name, `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, resource, node, bootId, started, at, unit })}\n`]]), 0o600);
      });
    },
    remove(name) {
      const path = pathOf(name);
      return inTurn(path, () => removeDurably(path, directory));
    },
    names() {
      try {
        return fs.readdirSync(directory).filter(isValidName).sort();
      } catch (error) {
        const code = errorCode(error);
        if (code === undefined) throw error;
        if (code !== 'ENOENT') warn(`${directory} cannot be read: ${code}`);
        return [];
      }
    },
    stamp() {
      // Records are only ever renamed into the directory, or unlinked: each changes it.
      const stat = fs.statSync(directory, { throwIfNoEntry: false, bigint: true });
      if (stat === undefined) return '-';
      // What changes next may have the very same time: so soon the next look is another one in any case.
      const isFresh = Date.now() - Number(stat.mtimeMs) < TICKS;
      return `${stat.ino}:${stat.mtimeNs}${isFresh ? `:${(looks += 1)}` : ''}`;
    },
  };
}

async function removeDurably(path: string, directory: string): Promise<boolean> {
  try {
    // Another process may have written it since.
    if (isFlushingOver()) throw new Error('this process has ended its work');
    fs.unlinkSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw unwritable(`cannot remove ${path}`, directory, error);
  }
  await counted(flushDirectory(directory));
  return true;
}

/** The record, or why there is none in this text. */
export function parseHold(text: string): ClusterHold | string {
  const record = jsonRecord(text, SCHEMA_VERSION);
  if (typeof record === 'string') return record;
  const { resource, node, bootId, started, at, unit } = record;
  if (typeof resource !== 'string' || !isClusterName(resource)) return 'it does not say for which resource';
  if (typeof node !== 'string' || !isClusterName(node)) return 'it does not say on which node';
  if (typeof bootId !== 'string' || bootId.length > MAX_BOOT_ID) return 'it does not say in which boot';
  if (typeof started !== 'boolean') return 'it does not say whether the start is over';
  if (typeof at !== 'number' || !Number.isFinite(at)) return 'its time is not a number';
  return { resource, node, bootId, started, at, ...(typeof unit === 'string' && resourceUnit(unit, undefined) === unit ? { unit } : {}) };
}
