/** The executables of a directory, as run-parts(8) chooses them, and only those that root alone could have put there. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isHookName } from '../../core/task.js';
import type { HookDirectory, HookListing } from '../../ports/hook-directory.js';
import { distrust, ROOT_ONLY } from '../sysv/trusted-path.js';
import { errorCode } from './error-code.js';

export class HostHookDirectory implements HookDirectory {
  list(directory: string): HookListing {
    const names = namesIn(directory);
    if (typeof names === 'string') return { hooks: [], refused: [{ name: directory, reason: names }] };
    const hooks: { name: string; path: string }[] = [];
    const refused: { name: string; reason: string }[] = [];
    for (const name of names) {
      const path = join(directory, name);
      const verdict = judge(path);
      if (verdict === 'hook') hooks.push({ name, path });
      else if (verdict !== 'no-program') refused.push({ name, reason: verdict.reason });
    }
    return { hooks, refused };
  }
}

function namesIn(directory: string): readonly string[] | string {
  try {
    // By bytes, as run-parts does in the C locale.
    return readdirSync(directory).filter(isHookName).sort();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? [] : `the directory can't be listed (${code})`;
  }
}

function judge(path: string): 'hook' | 'no-program' | { readonly reason: string } {
  try {
    if (!statSync(path).isFile()) return 'no-program';
    accessSync(path, constants.X_OK);
    const objection = process.geteuid?.() === 0 ? distrust(path, ROOT_ONLY) : undefined;
    return objection === undefined ? 'hook' : { reason: `not run as root: ${objection}` };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    // Not executable, or gone since the directory was read: run-parts passes over it as well.
    return code === 'EACCES' || code === 'ENOENT' ? 'no-program' : { reason: `it can't be looked at (${code})` };
  }
}
