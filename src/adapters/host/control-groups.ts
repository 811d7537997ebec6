/**
 * Where the version 2 hierarchy of control groups is (cgroups(7)), and who sits
 * where in it. It may be mounted anywhere, beside version 1 or alone, and only a
 * part of it may be (in containers).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './error-code.js';

export interface Hierarchy {
  readonly mountPoint: string;
  /** The group that the mount point shows; "/" for all of the hierarchy. */
  readonly root: string;
  readonly writable: boolean;
}

/** Of /proc/self/mountinfo, proc_pid_mountinfo(5); the writable one where there are several. */
export function parseHierarchy(mountinfo: string): Hierarchy | undefined {
  let found: Hierarchy | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , superOptions = ''] = after.split(' ');
    if (type !== 'cgroup2') continue;
    const [, , , root, mountPoint, options = ''] = before.split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    const writable = hasWord(options, 'rw') && hasWord(superOptions, 'rw');
    if (found === undefined || (writable && !found.writable)) found = { mountPoint: unescaped(mountPoint), root: unescaped(root), writable };
  }
  return found;
}

/** Of /proc/PID/cgroup: its group in the version 2 hierarchy. */
export function parseMembership(text: string): string | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith('0::/'));
  // The end of what was the group of a process when it was removed.
  return line === undefined || line.endsWith(' (deleted)') ? undefined : line.slice(3);
}

/** The directory of a group; undefined where the mount does not show it. */
export function directoryOf({ mountPoint, root }: Hierarchy, group: string): string | undefined {
  // Of a process outside our own namespace of groups.
  if (group.split('/').includes('..')) return undefined;
  const above = root === '/' ? '' : root;
  if (group !== root && !group.startsWith(`${above}/`)) return undefined;
  const below = group.slice(above.length);
  return below === '/' ? mountPoint : join(mountPoint, below);
}

let hierarchyOnce: { readonly found: Hierarchy | undefined } | undefined;

/** This machine's; mounts do not change under our feet. */
export function hierarchy(): Hierarchy | undefined {
  hierarchyOnce ??= { found: parseHierarchy(readOrEmpty('/proc/self/mountinfo')) };
  return hierarchyOnce.found;
}

/** undefined: no version 2, the process has ended, or (unless asked for) it is in the hierarchy's root, which has no events. */
export function groupDirectory(pid: number | 'self', orRoot = false): string | undefined {
  const mounted = hierarchy();
  if (mounted === undefined) return undefined;
  const group = parseMembership(readOrEmpty(`/proc/${pid}/cgroup`));
  return group === undefined || (group === '/' && !orRoot) ? undefined : directoryOf(mounted, group);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) !== undefined) return '';
    throw error;
  }
}

function hasWord(list: string, word: string): boolean {
  return list.split(',').includes(word);
}

/** Spaces, tabs, newlines and backslashes are octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
