/** RUNTIME/roles/RESOURCE, four lines that scripts/ocf/role reads without a fork. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import { isClusterName } from '../../core/cluster-hold.js';
import type { RoleRecords } from '../../ports/role-records.js';
import { writeAtomic } from './atomic-file.js';
import { readBounded, type Warn } from './bounded-file.js';
import { ensureDirectory } from './directories.js';

const VERSION = 1;
const MAX_SIZE = 64 * 1024;

/** @param runtime directory of what a boot may forget (Paths.runtime) */
export function roleRecords(runtime: string, warn: Warn): RoleRecords {
  const directory = join(runtime, 'roles');
  const pathOf = (resource: string): string => {
    if (!isClusterName(resource)) throw new Error(`a name of the cluster was expected, not ${JSON.stringify(resource.slice(0, 80))}`);
    return join(directory, resource);
  };
  return {
    read(resource) {
      const [, score, node, master] = /^1 (-|[0-9]+)\nnode (.*)\nmaster (.*)\nend\n$/.exec(readBounded(pathOf(resource), MAX_SIZE, warn) ?? '') ?? [];
      if (score === undefined || node === undefined || master === undefined) return undefined;
      return { score: score === '-' ? undefined : Number(score), node: words(node), master: words(master) };
    },
    write(resource, { score, node, master }) {
      const path = pathOf(resource);
      ensureDirectory(runtime, 0o755);
      ensureDirectory(directory, 0o755);
      writeAtomic(path, [`${VERSION} ${score ?? '-'}`, `node ${node.join(' ')}`, `master ${master.join(' ')}`, 'end', ''].join('\n'), { durable: false, mode: 0o644 });
    },
    remove(resource) {
      fs.rmSync(pathOf(resource), { force: true });
    },
  };
}

function words(line: string): readonly string[] {
  return line.split(' ').filter((word) => word !== '');
}
