/** Control groups (version 2) that a runtime directory's daemons may have been given, found without any code of src. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where the hierarchy is mounted writable, and our own group in it; undefined where groups are not ours to make. */
export function ownGroup(): string | undefined {
  if (process.geteuid?.() !== 0 || existsSync('/run/systemd/system')) return undefined;
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type, options]) => type === 'cgroup2' && options?.split(',').includes('rw') === true)?.[1];
  const group = readFileSync('/proc/self/cgroup', 'utf8').split('\n').find((line) => line.startsWith('0::/'))?.slice(3);
  if (mount === undefined || group === undefined) return undefined;
  const directory = join(mount, group);
  return existsSync(join(directory, 'cgroup.procs')) ? directory : undefined;
}

/** The group of a runtime directory's daemons, whether it is there or not. */
export function groupsOf(runtime: string): string | undefined {
  const own = ownGroup();
  return own === undefined ? undefined : join(own, `watchkeeper-${createHash('sha256').update(runtime).digest('hex').slice(0, 12)}`);
}

/** Processes of a daemon's group. */
export function groupMembers(directory: string): readonly number[] {
  if (!existsSync(directory)) return [];
  return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '').map(Number);
}

const removed = new Set<string>();
// A group may have been made a moment after it was removed: daemons are put into theirs by and by.
process.once('exit', () => removed.forEach(removeOnce));

/** Ends what daemons of a test left behind, and removes their groups. Waits until they are gone, but not for ever. */
export async function removeGroups(runtime: string): Promise<void> {
  const base = groupsOf(runtime);
  if (base === undefined) return;
  removed.add(base);
  for (let patience = 100; !removeOnce(base) && patience > 0; patience -= 1) await new Promise((resolve) => setTimeout(resolve, 20));
}

function removeOnce(base: string): boolean {
  if (!existsSync(base)) return true;
  for (const entry of readdirSync(base, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for (const pid of groupMembers(join(base, entry.name))) killQuietly(pid);
    tryRemove(join(base, entry.name));
  }
  return tryRemove(base);
}

function killQuietly(pid: number): void {
  try {
    // 0 stands for a process of another pid namespace.
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // it has just ended
  }
}

function tryRemove(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return !existsSync(directory); // somebody is still in it
  }
}
