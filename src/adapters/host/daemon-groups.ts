/**
 * A control group for each daemon, OUR_GROUP/watchkeeper-HASH/NAME, where the
 * version 2 hierarchy is ours to write. It tells at once when the last process of
 * a daemon that is not our child has ended (exit-watches.ts), and knows children
 * that left the daemon's session. It limits nothing: no controller is enabled.
 *
 * Nothing depends on it: where a group can't be made, the session and the look at
 * /proc do as well. Under systemd it is left alone: the tree is systemd's, and a
 * daemon that leaves the unit's group is hidden from it.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdir, openSync, readdirSync, readFileSync, readSync, rmdirSync, statSync, write, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isValidName } from '../../core/daemon.js';
import type { ProcessIdentity } from '../../core/process-identity.js';
import { MARKER_VARIABLE } from '../../ports/process-markers.js';
import { directoryOf, groupDirectory, hierarchy, parseMembership } from './control-groups.js';
import { errorCode } from './error-code.js';
import { bootId, hasEnded, readStat, readVariable } from './proc.js';

const SYSTEMD = '/run/systemd/system';
/** A read-only or threaded tree stays one. */
const FOR_EVER: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EOPNOTSUPP']);
const OURS = /\/watchkeeper-[0-9a-f]{12}(?:\/.*)?$/;

export interface DaemonGroups {
  /** A daemon that ran before we came: it gets the group that one started by us has, if nobody has given it another. */
  adopt(name: string, process: ProcessIdentity): void;
  /** Puts a process that was just spawned into the daemon's group, a moment later; that it fails is no matter. */
  place(name: string, process: ProcessIdentity): void;
  /**
   * Other live processes of the daemon, without those that we started as other daemons.
   * @param main may sit in a group that an earlier watcher made elsewhere
   */
  others(name: string, main: ProcessIdentity | undefined): readonly ProcessIdentity[];
  /** Removes the group, unless somebody is in it. */
  remove(name: string): void;
  /** Removes all groups that nobody is in. */
  sweep(): void;
  /** Takes ourselves out of a daemon's group: we may have been started by one. */
  leave(): void;
}

export const NO_GROUPS: DaemonGroups = {
  adopt: () => undefined,
  place: () => undefined,
  others: () => [],
  remove: () => undefined,
  sweep: () => undefined,
  leave: () => undefined,
};

/** For the daemons of one runtime directory. */
export function daemonGroups(runtime: string, systemd = SYSTEMD): DaemonGroups {
  const mounted = hierarchy();
  if (mounted?.writable !== true || process.geteuid?.() !== 0 || existsSync(systemd)) return NO_GROUPS;
  const parent = ownGroup();
  if (parent === undefined || !isRoots(parent)) return NO_GROUPS;
  const hash = createHash('sha256').update(runtime).digest('hex').slice(0, 12);
  return new HostDaemonGroups(join(parent, `watchkeeper-${hash}`));
}

/** Our own; where that is a daemon's, the one above: groups are not to nest. */
function ownGroup(): string | undefined {
  const mounted = hierarchy();
  if (mounted === undefined) return undefined;
  const group = parseMembership(readFileSync('/proc/self/cgroup', 'utf8'));
  return group === undefined ? undefined : directoryOf(mounted, group.replace(OURS, '') || '/');
}

/** A user to whom a part of the tree is delegated could rearrange it. */
function isRoots(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.uid === 0;
}

class HostDaemonGroups implements DaemonGroups {
  /** Where daemons were seen, if not below our base. */
  readonly #elsewhere = new Map<string, string>();
  /** The first is at work. */
  #waiting: { readonly name: string; readonly process: ProcessIdentity }[] = [];
  #refused = false;

  constructor(private readonly base: string) {}

  place(name: string, process: ProcessIdentity): void {
    if (this.#refused || !isValidName(name)) return;
    this.#waiting.push({ name, process });
    if (this.#waiting.length === 1) setImmediate(() => this.#placeNext(false));
  }

  adopt(name: string, process: ProcessIdentity): void {
    // Only from where it would be if we had started it: any other place was somebody's choice, with limits perhaps.
    if (groupDirectory(process.pid, true) === dirname(this.base)) this.place(name, process);
  }

  others(name: string, main: ProcessIdentity | undefined): readonly ProcessIdentity[] {
    const found = new Map<number, ProcessIdentity>();
    for (const directory of this.#directories(name, main)) {
      for (const pid of members(directory)) {
        const stat = pid === main?.pid || pid === process.pid ? undefined : readStat(pid);
        if (stat === undefined || hasEnded(stat)) continue;
        const marker = readVariable(pid, MARKER_VARIABLE);
        if (marker === undefined || marker === name) found.set(pid, { pid, startTicks: stat.startTicks, bootId: bootId() });
      }
    }
    return [...found.values()];
  }

  remove(name: string): void {
    for (const directory of this.#directories(name, undefined)) {
      removeEmpty(directory);
      removeEmpty(dirname(directory));
    }
    this.#elsewhere.delete(name);
  }

  sweep(): void {
    let names: readonly string[];
    try {
      names = readdirSync(this.base, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (error) {
      if (errorCode(error) !== undefined) return;
      throw error;
    }
    for (const name of names) removeEmpty(join(this.base, name));
    removeEmpty(this.base);
  }

  leave(): void {
    const group = groupDirectory('self');
    if (group === undefined || !OURS.test(group)) return;
    try {
      writeFileSync(join(dirname(this.base), 'cgroup.procs'), String(process.pid));
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }

  #directories(name: string, main: ProcessIdentity | undefined): readonly string[] {
    if (!isValidName(name)) return [];
    const usual = join(this.base, name);
    const seen = main === undefined ? undefined : groupDirectory(main.pid);
    const isDaemons = seen !== undefined && basename(seen) === name && basename(dirname(seen)) === basename(this.base);
    if (isDaemons && seen !== usual) this.#elsewhere.set(name, seen);
    const other = this.#elsewhere.get(name);
    return other === undefined ? [usual] : [usual, other];
  }

  /** One after the other, as the kernel does. The move is not for our loop: it may take ms, as all processors have to pass a point. */
  #placeNext(made: boolean): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const directory = `${this.base}/${next.name}`;
    let fd: number;
    try {
      fd = openSync(`${directory}/cgroup.procs`, 'r+');
    } catch (error) {
      if (errorCode(error) === 'ENOENT' && !made) mkdir(directory, { recursive: true, mode: 0o755 }, () => this.#placeNext(true));
      else this.#placed(errorCode(error) ?? String(error));
      return;
    }
    // So far its pid is its: given away again it is not before all others had their turn.
    const { pid, startTicks } = next.process;
    const done = (problem: NodeJS.ErrnoException | null): void => {
      closeSync(fd);
      this.#placed(problem?.code);
    };
    if (readStat(pid)?.startTicks === startTicks) write(fd, String(pid), done);
    else done(null);
  }

  #placed(problem: string | undefined): void {
    this.#waiting.shift();
    if (problem !== undefined && FOR_EVER.has(problem)) {
      this.#refused = true;
      this.#waiting = [];
    }
    if (this.#waiting.length > 0) this.#placeNext(false);
  }
}

const buffer = Buffer.alloc(4096);

function members(directory: string): readonly number[] {
  try {
    const text = readWhole(join(directory, 'cgroup.procs'));
    // 0 stands for a process of another pid namespace.
    return text.split('\n').map(Number).filter((pid) => pid > 0);
  } catch (error) {
    if (errorCode(error) !== undefined) return [];
    throw error;
  }
}

/** Not readFileSync, which costs twice as much: on the way of each restart. @throws system errors */
function readWhole(path: string): string {
  const fd = openSync(path, 'r');
  try {
    let text = '';
    for (let read = -1; read !== 0; ) {
      read = readSync(fd, buffer, 0, buffer.length, null);
      text += buffer.toString('latin1', 0, read);
    }
    return text;
  } finally {
    closeSync(fd);
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    // EBUSY: somebody is in it. ENOENT: it is gone.
    if (errorCode(error) === undefined) throw error;
  }
}
