/**
 * RUNTIME/cluster-units/RESOURCE, root's only: one line, which scripts/ocf/unit
 * reads: `1 PARAMETER member PID DIRECTORY`, `1 PARAMETER process PID START_TICKS`,
 * `1 PARAMETER group DIRECTORY -` or `1 PARAMETER ask UNIT -`.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { isClusterName } from '../../core/cluster-hold.js';
import type { UnitProof } from '../../ports/unit-control.js';
import type { UnitRecords } from '../../ports/unit-records.js';
import { removeLeftovers, writeAtomic } from './atomic-file.js';
import { readBounded } from './bounded-file.js';
import { ensureDirectory } from './directories.js';
import { errorCode, unwritable } from './unwritable.js';

/** A file name has 255 bytes, of which writing needs some. */
const MAX_NAME = 200;
/** Bytes: the longest path there is, and a name. */
const MAX_SIZE = 5000;

export function unitRecords(runtime: string): UnitRecords {
  const directory = join(runtime, 'cluster-units');
  const pathOf = (resource: string): string | undefined => (isClusterName(resource) && resource.length <= MAX_NAME ? join(directory, resource) : undefined);
  return {
    write(resource, { parameter, unit, proof }) {
      const path = pathOf(resource);
      // Such a monitor is answered the long way.
      if (path === undefined) return;
      const line = `1 ${parameter} ${proofWords(unit, proof)}\n`;
      if (readText(path) === line) return;
      ensureDirectory(runtime, 0o755);
      ensureDirectory(directory, 0o700);
      removeLeftovers(directory);
      writeAtomic(path, line, { durable: false, mode: 0o600 });
    },
    list() {
      return fs.existsSync(directory)
        ? fs.readdirSync(directory).filter(isClusterName).sort().flatMap((resource) => {
            const [, parameter] = /^1 (\S+) /.exec(readText(join(directory, resource)) ?? '') ?? [];
            return parameter === undefined ? [] : [{ resource, parameter }];
          })
        : [];
    },
    remove(resource) {
      const path = pathOf(resource);
      if (path === undefined) return;
      try {
        fs.unlinkSync(path);
      } catch (error) {
        const code = errorCode(error);
        if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unwritable(`cannot remove ${path}`, directory, error);
      }
    },
  };
}

function proofWords(unit: string, proof: UnitProof): string {
  switch (proof.kind) {
    case 'member':
      return isPlain(proof.directory) ? `member ${proof.pid} ${proof.directory}` : `ask ${unit} -`;
    case 'process':
      return `process ${proof.process.pid} ${proof.process.startTicks}`;
    case 'group':
      return isPlain(proof.directory) ? `group ${proof.directory} -` : `ask ${unit} -`;
    case 'ask':
      return `ask ${unit} -`;
  }
}

/** Nothing at which a shell would split it. */
function isPlain(path: string): boolean {
  return /^[!-~]+$/.test(path);
}

/** What is no such file is as good as none. */
function readText(path: string): string | undefined {
  return readBounded(path, MAX_SIZE, () => undefined);
}
