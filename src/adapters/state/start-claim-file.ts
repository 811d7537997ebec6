/**
 * RUNTIME/start-all, replaced by rename: the claim that start-all has nothing to
 * do (core/start-claim.ts), for scripts/start-claim.sh. Its time of modification
 * says when it was proven: a shell compares it with that of other files.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { ClaimFile, ClaimGround } from '../../ports/start-claim.js';
import { writeAtomic } from './atomic-file.js';
import { ensureDirectory } from './directories.js';
import { errorCode } from './unwritable.js';

/** One that an earlier watcher left is removed. */
export function startClaimFile(runtime: string): ClaimFile {
  ensureDirectory(runtime, 0o755);
  return touchedFile(join(runtime, 'start-all'));
}

/** A file whose time says when its text was proven last. One that is there is removed. */
export function touchedFile(path: string): ClaimFile {
  fs.rmSync(path, { force: true });
  let published: string | undefined;
  return {
    publish(text, provenAt) {
      if (text === published && touched(path, provenAt)) return;
      writeAtomic(path, text, { durable: false, mode: 0o600, modified: provenAt });
      published = text;
    },
    withdraw() {
      if (published !== undefined) fs.rmSync(path, { force: true });
      published = undefined;
    },
  };
}

/** false: somebody has removed it. */
function touched(path: string, at: number): boolean {
  try {
    fs.utimesSync(path, at / 1000, at / 1000);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

export const HOST_GROUND: ClaimGround = {
  state(path) {
    try {
      const stat = fs.statSync(path, { throwIfNoEntry: false, bigint: true });
      if (stat === undefined) return undefined;
      const { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs } = stat;
      return { stamp: [dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs].join(':'), modified: Number(mtimeNs) / 1e6 };
    } catch {
      return undefined; // a part of the way is no directory, or a circle of links: to a shell it is not there either
    }
  },
};
