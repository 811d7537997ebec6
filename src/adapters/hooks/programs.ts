/** HookPrograms on this machine. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isHookName } from '../../core/task.js';
import type { HookPrograms } from '../../ports/hook-programs.js';
import { errorCode } from '../host/error-code.js';
import { distrust, type Trust } from '../sysv/trusted-path.js';

/** Each may run for as long as its time-out, side by side with the others. */
const MOST_IN_DIRECTORY = 64;

export class HostHookPrograms implements HookPrograms {
  constructor(private readonly trust: Trust) {}

  objection(path: string): string | undefined {
    try {
      if (!statSync(path).isFile()) return `${path} is not a file`;
      accessSync(path, constants.X_OK);
      const self = process.geteuid?.() ?? 0;
      // Who is not root runs what root or he himself could have written.
      return distrust(path, self === 0 ? this.trust : { owners: [...this.trust.owners, self], sticky: true });
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined) throw error;
      if (code === 'EACCES') return `${path} may not be executed`;
      return `${path} ${code === 'ENOENT' ? 'is missing' : `cannot be looked at: ${code}`}`;
    }
  }

  list(directory: string): readonly string[] {
    let names: string[];
    try {
      names = readdirSync(directory);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return [];
      throw error;
    }
    const candidates = names.filter(isHookName).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return candidates.slice(0, MOST_IN_DIRECTORY).map((name) => join(directory, name)).filter(isExecutable);
  }
}

/** A README or a hook that was switched off by chmod -x is no mistake. */
function isExecutable(path: string): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && (stat.mode & 0o111) !== 0;
  } catch (error) {
    // A link to itself, or one that leads nowhere.
    if (errorCode(error) === undefined) throw error;
    return false;
  }
}
