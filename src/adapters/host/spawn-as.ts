/** How to run a command as another user, with all of the user's groups. */
import { existsSync } from 'node:fs';
import type { Accounts } from './user.js';

export const SETPRIV = '/usr/bin/setpriv';

/** For programs that are given no environment: what execvp and messages need. */
export const MINIMAL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

export interface AsUser {
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** capabilities(7) names that survive the change of user. */
  readonly capabilities?: readonly string[];
}

export type UserCommand =
  | {
      readonly ok: true;
      readonly argv: readonly [string, ...string[]];
      /** For child_process.spawn, where no program of the chain changes the user. */
      readonly credentials: { uid?: number; gid?: number };
    }
  | { readonly ok: false; readonly code: 'not-installed' | 'unsupported' | 'permission'; readonly reason: string };

/**
 * Node's own uid and gid options drop the supplementary groups, so setpriv(1)
 * goes in front; it execs, so the process stays the same.
 */
export function asUser(argv: readonly [string, ...string[]], as: AsUser, accounts: Accounts, setpriv = SETPRIV): UserCommand {
  const unchanged: UserCommand = { ok: true, argv, credentials: {} };
  if (as.user === undefined && as.group === undefined) return unchanged;
  const self = process.geteuid?.() ?? 0;
  const user = accounts.user(as.user ?? String(self));
  if (user === undefined) return { ok: false, code: 'not-installed', reason: `there is no user ${as.user ?? self}` };
  const gid = as.group === undefined ? user.gid : accounts.groupId(as.group);
  if (gid === undefined) return { ok: false, code: 'not-installed', reason: `there is no group ${as.group ?? ''}` };
  if (self !== 0) {
    if (user.uid === self && (as.group === undefined || gid === process.getegid?.())) return unchanged;
    return { ok: false, code: 'permission', reason: `only root can run it as ${user.name}` };
  }
  const capabilities = user.uid === 0 ? [] : (as.capabilities ?? []);
  if (existsSync(setpriv)) {
    const change = [`--reuid=${user.uid}`, `--regid=${gid}`, '--init-groups', ...capabilityOptions(capabilities)];
    return { ok: true, argv: [setpriv, ...change, '--', ...argv], credentials: {} };
  }
  if (capabilities.length > 0) return { ok: false, code: 'unsupported', reason: `${setpriv} is missing, which keeps ${capabilities.join(', ')}` };
  const lost = accounts.groupsOf(user).filter((group) => group !== gid);
  if (lost.length > 0) return { ok: false, code: 'unsupported', reason: `${setpriv} is missing, without which ${user.name} would lose the groups ${lost.join(', ')}` };
  return { ok: true, argv, credentials: { uid: user.uid, gid } };
}

function capabilityOptions(capabilities: readonly string[]): readonly string[] {
  if (capabilities.length === 0) return [];
  const list = capabilities.map((name) => `+${name.toLowerCase().replace(/^cap_/, '')}`).join(',');
  return [`--inh-caps=${list}`, `--ambient-caps=${list}`];
}
