/** What a start needs of the machine, looked at without changing anything: before each start, and by `watchkeeper doctor`. */
import { accessSync, constants, statSync } from 'node:fs';
import type { DaemonSpec } from '../../core/daemon.js';
import type { ExecutableProblem, MissingAccount } from '../../core/doctor-facts.js';
import { errorCode } from '../host/error-code.js';
import type { Accounts } from '../host/user.js';
import { examine, type Trust } from './trusted-path.js';

/** @param trust undefined: whoever starts it does not ask who could have replaced it */
export function executableProblem(executable: string, trust: Trust | undefined): ExecutableProblem | undefined {
  try {
    const seen = trust === undefined || process.geteuid?.() !== 0 ? { ok: true as const, stat: statSync(executable) } : examine(executable, trust);
    if (!seen.ok) return { kind: 'untrusted', reason: seen.reason };
    if (!seen.stat.isFile()) return { kind: 'missing', reason: `${executable} is not a file` };
    accessSync(executable, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (code === 'EACCES') return { kind: 'forbidden', reason: `${executable} may not be executed` };
    return { kind: 'missing', reason: `${executable} ${code === 'ENOENT' ? 'is missing' : `cannot be looked at: ${code}`}` };
  }
}

export function missingAccount({ user, processUser, group }: DaemonSpec, accounts: Accounts): MissingAccount | undefined {
  for (const name of [user, processUser]) {
    if (name !== undefined && accounts.user(name) === undefined) return { kind: 'user', name };
  }
  return group === undefined || accounts.groupId(group) !== undefined ? undefined : { kind: 'group', name: group };
}
