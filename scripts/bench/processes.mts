/** What /proc tells of processes that the benchmark looks at. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function quiet<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

const text = (path: string): string => quiet(() => readFileSync(path, 'latin1')) ?? '';

function pids(): readonly number[] {
  return readdirSync('/proc').map(Number).filter((pid) => pid > 0);
}

export const commandOf = (pid: number): string => text(`/proc/${pid}/comm`).trim();

/** A zombie has ended. */
export const isAlive = (pid: number): boolean => /\) [^ZX] /.test(text(`/proc/${pid}/stat`));

/** By pid of their own namespace: the pid that we know them by. */
export function insideNamespace(init: number): Map<number, number> {
  const namespace = quiet(() => readlinkSync(`/proc/${init}/ns/pid`));
  const found = new Map<number, number>();
  if (namespace === undefined) return found;
  for (const pid of pids()) {
    if (quiet(() => readlinkSync(`/proc/${pid}/ns/pid`)) !== namespace) continue;
    found.set(Number(/^NSpid:.*\s(\d+)$/m.exec(text(`/proc/${pid}/status`))?.[1] ?? pid), pid);
  }
  return found;
}

/** ns on a processor, of all of its threads. */
function nanoseconds(pid: number): number {
  const threads = quiet(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.reduce((sum, thread) => sum + Number(text(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0), 0);
}

/** ms of CPU since `before`, of those that were there and those that came. */
export function cpuMilliseconds(group: readonly number[], before: ReadonlyMap<number, number>): number {
  return group.reduce((sum, pid) => sum + (nanoseconds(pid) - (before.get(pid) ?? 0)), 0) / 1e6;
}

export const cpuNow = (group: readonly number[]): Map<number, number> => new Map(group.map((pid) => [pid, nanoseconds(pid)]));

/** MB of memory, what is shared counted by its share. */
export function pss(group: readonly number[]): number {
  return group.reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0), 0) / 1024;
}

/** Who runs this program with this first argument. */
export function runningProgram(program: string, first: string): readonly number[] {
  return pids().filter((pid) => text(`/proc/${pid}/cmdline`).startsWith(`${program}\0${first}\0`));
}
