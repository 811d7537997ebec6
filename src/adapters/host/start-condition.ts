/** Looks at the files that a daemon's conditions name. */
import * as fs from 'node:fs';

import type { StartCondition } from '../../core/daemon.js';

/** Bytes; what is longer is no list for people or programs, and is not read. */
const MAX_SIZE = 1024 * 1024;
const { O_RDONLY, O_NONBLOCK } = fs.constants;

export function isMet(condition: StartCondition): boolean {
  switch (condition.kind) {
    case 'path-exists':
      return fs.existsSync(condition.path);
    case 'path-missing':
      return !fs.existsSync(condition.path);
    case 'file-has-line':
      return hasLine(condition.path, condition.line);
  }
}

export function firstUnmet(conditions: readonly StartCondition[]): StartCondition | undefined {
  return conditions.find((condition) => !isMet(condition));
}

/** As `grep -qxF` would find it, which is what the unit asks under systemd. What can't be read has no lines. */
function hasLine(path: string, line: string): boolean {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO in its place must not hang us.
    fd = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_SIZE) return false;
    return fs.readFileSync(fd, 'utf8').split('\n').includes(line);
  } catch {
    return false;
  } finally {
    fs.closeSync(fd);
  }
}
