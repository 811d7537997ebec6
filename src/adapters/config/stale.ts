/** Whether the files of a configuration have changed since they were read. */
import { statSync } from 'node:fs';

import type { Configuration } from './load.js';
import { Problems } from './problems.js';
import { listDropIns } from './sources.js';

export function isStale({ main, files }: Pick<Configuration, 'main' | 'files'>): boolean {
  if (files.length === 0) return false; // built in
  const changed = files.some(({ path, modified, size }) => {
    const now = statSync(path, { throwIfNoEntry: false });
    return now?.mtimeMs !== modified || now.size !== size;
  });
  const known = new Set(files.map(({ path }) => path));
  return changed || listDropIns(main, new Problems()).some((path) => !known.has(path));
}
