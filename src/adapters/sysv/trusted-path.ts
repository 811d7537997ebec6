/** Whether nobody but root could have replaced a program that root is about to run (gogs#1025, pnp4nagios#140). */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const MOST_LINKS = 16;

export interface Trust {
  /** Owners besides root, e.g. of a clone that is run from. */
  readonly owners: readonly number[];
  /** Directories like /tmp pass. */
  readonly sticky: boolean;
}

export const ROOT_ONLY: Trust = { owners: [], sticky: false };

/**
 * undefined: trustworthy; otherwise the component that is not, and why. Each
 * link on the way counts as well as what it leads to.
 * @throws system errors for a path that can't be looked up
 */
export function distrust(path: string, trust: Trust): string | undefined {
  const seen = examine(path, trust);
  return seen.ok ? undefined : seen.reason;
}

/**
 * The same, and what the path leads to in the end.
 * @throws system errors for a path that can't be looked up
 */
export function examine(path: string, trust: Trust): { readonly ok: true; readonly stat: Stats } | { readonly ok: false; readonly reason: string } {
  const pending = path.split('/').filter((part) => part !== '');
  let at = '/';
  let links = 0;
  let last = lstatSync('/');
  const first = objection('/', last, trust);
  if (first !== undefined) return { ok: false, reason: first };
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '.') continue;
    // Not by join(), which costs as much as the look: on the way of each restart.
    const next = name === '..' ? dirname(at) : at === '/' ? `/${name}` : `${at}/${name}`;
    const stat = lstatSync(next);
    const problem = objection(next, stat, trust);
    if (problem !== undefined) return { ok: false, reason: problem };
    last = stat;
    if (!stat.isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return { ok: false, reason: `${path} has too many symbolic links` };
    const target = readlinkSync(next);
    pending.unshift(...target.split('/').filter((part) => part !== ''));
    if (target.startsWith('/')) at = '/';
  }
  return { ok: true, stat: last };
}

function objection(path: string, stat: Stats, trust: Trust): string | undefined {
  if (stat.uid !== 0 && !trust.owners.includes(stat.uid)) return `${path} belongs to uid ${stat.uid}, not to root`;
  // A link has no mode of its own; who may replace it is the directory's matter.
  if (stat.isSymbolicLink() || (stat.mode & GROUP_OR_OTHERS_WRITE) === 0) return undefined;
  if (trust.sticky && stat.isDirectory() && (stat.mode & STICKY) !== 0) return undefined;
  return `${path} may be written by others than root (mode ${(stat.mode & 0o7777).toString(8)})`;
}
