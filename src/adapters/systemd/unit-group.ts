/** The control group of a unit (version 2): whether anything lives in it, waited for by its events, not by looking again and again. */
import * as fs from 'node:fs';
import { join } from 'node:path';

import type { Clock, Timer } from '../../ports/clock.js';
import { directoryOf, hierarchy } from '../host/control-groups.js';
import { errorCode } from '../host/error-code.js';

/** ms: an event that the kernel held back must not cost a node. */
const SECOND_LOOK = 1_000;
/** Of a group that forks as quickly as it is killed. */
const MOST_ROUNDS = 100;

/** Its directory; undefined: it has none, or not in version 2. @param group ControlGroup= of the unit */
export function groupOf(group: string): string | undefined {
  const mounted = hierarchy();
  return mounted === undefined || group === '' || group === '/' ? undefined : directoryOf(mounted, group);
}

/** The process in it that cgroup.procs names first, which is the oldest as a rule; undefined: there is none. Zombies are not listed. */
export function firstIn(directory: string): number | undefined {
  try {
    const [line = ''] = fs.readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n');
    return line === '' ? undefined : Number(line);
  } catch (error) {
    // It has threads in more than one group, so that processes cannot be told.
    if (isGone(error) || errorCode(error) === 'EOPNOTSUPP' || errorCode(error) === 'ENOTSUP') return undefined;
    throw error;
  }
}

/** Whether there is a process in it or below it. */
export function isPopulated(directory: string): boolean {
  try {
    return /^populated 1$/m.test(fs.readFileSync(join(directory, 'cgroup.events'), 'utf8'));
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** SIGKILL to all of it at once; in the sandbox of the watcher's unit, where control groups are read-only, to one after the other. */
export function killGroup(directory: string): void {
  try {
    fs.writeFileSync(join(directory, 'cgroup.kill'), '1');
  } catch (error) {
    if (errorCode(error) === 'EROFS') killEach(directory);
    else if (!isGone(error)) throw error;
  }
}

/** Again as long as there are new ones: what is killed may have forked just before. */
function killEach(directory: string): void {
  const killed = new Set<number>();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const left = membersOf(directory).filter((pid) => !killed.has(pid));
    if (left.length === 0) return;
    for (const pid of left) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (errorCode(error) !== 'ESRCH') throw error;
      }
    }
  }
}

/** Of the group and of those below it. */
function membersOf(directory: string): readonly number[] {
  try {
    // 0 stands for one of another pid namespace, and would be ourselves for kill(2).
    const own = fs.readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').map(Number).filter((pid) => pid > 1);
    const below = fs.readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap(({ name }) => membersOf(join(directory, name)))];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** @param limit ms @returns whether it became empty */
export function awaitEmpty(directory: string, limit: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    let events: fs.FSWatcher | undefined;
    let second: Timer | undefined;
    const done = (empty: boolean): void => {
      events?.close();
      second?.cancel();
      end.cancel();
      resolve(empty);
    };
    const look = (): void => {
      if (!isPopulated(directory)) done(true);
    };
    const lookAgain = (): void => {
      second = clock.after(SECOND_LOOK, lookAgain);
      look();
    };
    const end = clock.after(limit, () => done(!isPopulated(directory)));
    try {
      events = fs.watch(join(directory, 'cgroup.events'), { persistent: false }, look);
      events.on('error', look);
    } catch (error) {
      // It has just gone, or there are no more inotify watches.
      if (errorCode(error) === undefined) throw error;
    }
    lookAgain();
  });
}

/** ENODEV: it went while its file was open. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENODEV', 'ENOTDIR'].includes(errorCode(error) ?? '');
}
